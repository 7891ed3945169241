"""The same form posted twice does its work once."""

import threading
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test import RequestFactory

from portal.approvals import receipts
from portal.approvals.models import Receipt
from portal.lifecycle import NotPossible

PAGE = "/travel/TRV-8F4K2M/decide/"


def posted(path=PAGE, **answers):
    return RequestFactory().post(path, answers)


def test_a_form_posted_again_gets_the_first_answer_and_does_nothing(cast):
    form_id, done = uuid.uuid4(), []

    def act():
        done.append(1)
        return f"/travel/{len(done)}/"

    locations = [receipts.once(cast.traveller, form_id, "digest", act) for _ in range(3)]

    assert locations == ["/travel/1/"] * 3
    assert done == [1]


def test_a_form_posted_again_with_other_answers_is_refused(cast):
    form_id = uuid.uuid4()
    receipts.once(cast.traveller, form_id, "digest", lambda: "/")

    with pytest.raises(NotPossible, match="already sent this page with other answers"):
        receipts.once(cast.traveller, form_id, "another digest", lambda: "/elsewhere/")


def test_an_act_that_fails_leaves_no_receipt_so_the_form_can_be_sent_again(cast):
    form_id = uuid.uuid4()

    def fail():
        raise NotPossible("Not today.")

    with pytest.raises(NotPossible, match="Not today"):
        receipts.once(cast.traveller, form_id, "digest", fail)

    assert not Receipt.objects.exists()
    assert receipts.once(cast.traveller, form_id, "digest", lambda: "/done/") == "/done/"


def test_two_people_do_not_share_a_receipt(cast):
    form_id = uuid.uuid4()
    receipts.once(cast.traveller, form_id, "digest", lambda: "/first/")

    assert receipts.once(cast.manager, form_id, "digest", lambda: "/second/") == "/second/"


def test_a_form_id_tells_when_its_page_was_drawn(cast, time_machine):
    time_machine.move_to("2027-03-01 09:30:00+00:00", tick=False)

    form_id = receipts.read_form_id(receipts.new_form_id(cast.traveller, PAGE), person=cast.traveller, page=PAGE)

    assert form_id.drawn_at.isoformat() == "2027-03-01T09:30:00+00:00"


@pytest.mark.parametrize("signed", ["", "x", "a:b:c", "eyJ9:1:x", "\x00", "é:ü:ß"])
def test_what_the_portal_did_not_sign_is_forged(cast, signed):
    with pytest.raises(receipts.Forged):
        receipts.read_form_id(signed, person=cast.traveller, page=PAGE)


def test_a_form_id_of_somebody_else_is_refused(cast):
    signed = receipts.new_form_id(cast.manager, PAGE)

    with pytest.raises(PermissionDenied):
        receipts.read_form_id(signed, person=cast.traveller, page=PAGE)


def test_a_form_id_of_another_page_is_refused(cast):
    signed = receipts.new_form_id(cast.traveller, "/travel/TRV-222222/decide/")

    with pytest.raises(PermissionDenied):
        receipts.read_form_id(signed, person=cast.traveller, page=PAGE)


def test_a_digest_leaves_out_what_differs_between_two_sendings_of_one_page():
    first = posted(reason="Off", csrfmiddlewaretoken="a", form_id="b")
    second = posted(reason="Off", csrfmiddlewaretoken="c", form_id="d")

    assert receipts.digest_of(first) == receipts.digest_of(second)


def test_a_digest_tells_other_answers_and_other_pages_apart():
    digests = {
        receipts.digest_of(request)
        for request in (posted(reason="Off"), posted(reason="On"), posted(other="Off"), posted("/other/", reason="Off"))
    }

    assert len(digests) == 4


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_double_click_in_parallel_waits_for_the_first_and_gets_its_answer(cast):
    form_id, done, answers = uuid.uuid4(), [], []
    first_is_inside, second_has_started = threading.Event(), threading.Event()

    def act():
        done.append(1)
        first_is_inside.set()
        assert second_has_started.wait(10)
        return f"/travel/{len(done)}/"

    def click():
        try:
            answers.append(receipts.once(cast.traveller, form_id, "digest", act))
        finally:
            connections.close_all()

    first, second = threading.Thread(target=click), threading.Thread(target=click)
    first.start()
    assert first_is_inside.wait(10)
    second.start()
    second_has_started.set()
    first.join()
    second.join()

    assert answers == ["/travel/1/"] * 2
    assert done == [1]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_clicks_at_once_do_their_work_once(cast, rounds):
    clicks = 8
    for _ in rounds:
        form_id, done, answers, start = uuid.uuid4(), [], [], threading.Barrier(clicks)

        def click(form_id=form_id, done=done, answers=answers, start=start):
            start.wait()
            try:
                answers.append(receipts.once(cast.traveller, form_id, "digest", lambda: done.append(1) or "/done/"))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=click) for _ in range(clicks)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert answers == ["/done/"] * clicks
        assert done == [1]
        assert Receipt.objects.filter(form_id=form_id).count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_when_the_first_of_two_clicks_fails_the_second_does_the_work(cast):
    form_id, ends = uuid.uuid4(), []
    first_is_inside, second_has_started = threading.Event(), threading.Event()

    def fail():
        first_is_inside.set()
        assert second_has_started.wait(10)
        raise NotPossible("Not today.")

    def click(act):
        try:
            ends.append(receipts.once(cast.traveller, form_id, "digest", act))
        except NotPossible as refusal:
            ends.append(str(refusal))
        finally:
            connections.close_all()

    first = threading.Thread(target=click, args=(fail,))
    second = threading.Thread(target=click, args=(lambda: "/done/",))
    first.start()
    assert first_is_inside.wait(10)
    second.start()
    second_has_started.set()
    first.join()
    second.join()

    assert sorted(ends) == ["/done/", "Not today."]
