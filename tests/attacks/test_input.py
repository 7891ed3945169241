"""Whatever somebody types or forges, no page breaks: it is refused beside its field, or kept as text and shown as text.

Every field of every form meets every payload in the long run; the short one puts one payload into all fields of a page
at once.  Each probe is undone, so that none meets what another left behind.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.approvals import receipts
from portal.approvals.models import Approval, Party, Step
from portal.notifications import delivery
from tests.factories import a_draft, a_trip, reload
from tests.people import Cast, phone_of, sign_in
from tests.travel.pages import address, page, text_of
from travel import actions
from travel.models import Traveller, Trip
from travel.sections import sections_of

pytestmark = pytest.mark.django_db

#: Short enough for the shortest field, and harmless: it is kept, and must be shown as it was typed.
AS_TEXT = "<x-probe a=1>'\"--{{7919*7919}}{% debug %}🧳 שלום"
REFUSED_TEXT = {
    "NUL": "a\0b",
    "vertical tab": "a\x0bBcc: x@example.com",
    "escape": "\x1b[2J",
    "line separator": "a\u2028b",
    "next line": "a\x85b",
    "right-to-left override": "exe.\u202egpj",
    "isolate": "a\u2066b\u2069",
    "10,000 characters": "a" * 10_000,
    "lone surrogate": "a\ud800b".encode("utf-8", "surrogatepass").decode("utf-8", "replace") + "\0",
}
TEXT = REFUSED_TEXT | {
    "text": AS_TEXT,
    "script": "<script>alert(1)</script><x-probe>",
    "attribute": '" onfocus="alert(1)" autofocus x="<x-probe>',
    "template": "{{ 7919*7919 }}${7919*7919}#{7919*7919}<%= 7919*7919 %>",
    "template tag": "{% load x %}{% include 'settings.py' %}",
    "SQL": "'; DROP TABLE travel_trip; -- ' OR '1'='1",
    "LIKE": "%_%\\%_",
    "format": "%s%n{0}{target}{actor.password}",
    "line ends": "a\r\nBcc: x@example.com\r\n\r\nb",
    "formula": "=HYPERLINK(\"http://example.com\")",
    "path": "../../../../etc/passwd",
    "combining": "Z" + "\u0335" * 150,
    "right to left": "שלום مرحبا",
    "emoji": "👩🏽‍🚀🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "no-break and zero width": "a\u00a0b\u200bc\ufeff",
    "only spaces": " \t\u3000 ",
    "huge number": "9" * 400,
    "negative": "-1",
    "not a number": "NaN",
    "private use": "\ue000\U0010ffff\ufffe",
}  # fmt: skip
CHOICES = {
    "unknown": "no-such-choice",
    "huge number": "9" * 400,
    "just too huge": str(2**63),
    "negative": "-1",
    "fraction": "1.5",
    "other digits": "१",
    "NUL": "\0",
    "markup": "<x-probe>",
    "list": ["1", "2", "<x-probe>"],
    "empty": "",
    "object": "[object Object]",
}
DATES = {
    "nothing of it": "\0",
    "huge": "9" * 10_000,
    "other digits": "२०२७",
    "exponent": "1e9",
    "underscore": "1_0",
    "zero": "0",
    "negative": "-3",
    "markup": "<x-probe>",
    "list": ["1", "2"],
}
HIDDEN = {
    "version": ["", "x", "-1", "9" * 30, "\0", "१", "1.0", "99"],
    "form_id": ["", "x", "\0", "a:b:c", "9" * 5_000, "é"],
    "rows-TOTAL_FORMS": ["", "x", "-1", "9" * 300, "1000000", "\0", "1e3"],
    "remove-1": ["rows"],
    "remove-99999999999999999999": ["rows"],
    "remove-\0": ["rows"],
    "add": ["rows", "\0"],
    "csrfmiddlewaretoken": ["\0"],
    "later": ["\0"],
}
#: What nobody may set by adding it to a form.
FORGED = {
    "status": "approved", "round": "9", "outcome": "nothing", "requester": "1", "requester_id": "1", "approver": "1",
    "assignee": "1", "role": "moj_security", "state": "decided", "decided_by": "1", "policy": "1", "is_urgent": "",
    "reference": "TRV-AAAAAA", "approval": "1", "id": "1", "pk": "1", "trip": "1", "person": "1", "user": "1",
    "is_staff": "on", "is_superuser": "on", "is_active": "", "confirmed_at": "2020-01-01", "clearance_held": "1",
    "rows-0-id": "1", "rows-0-trip": "1", "rows-0-person": "1", "rows-0-position": "-1", "rows-0-confirmed_at": "2020",
    "basis": "x", "is_carried": "on", "submitted_at": "2020-01-01", "title": "<x-probe>", "full_name": "<x-probe>",
    "__proto__": "1", "self": "1", "request": "1", "form": "1",
}  # fmt: skip


@dataclass
class Form:
    """A page with a form, ready to be sent."""

    person: User
    client: Client
    trip: Trip
    url: str
    fields: dict[str, str]  # name -> text, choice or date
    held: dict[str, object]

    @classmethod
    def of(cls, person: User, trip: Trip, url: str, **answers: str) -> "Form":
        client = sign_in(Client(), person)
        shown = page(client, url)
        form = shown.soup.main.find("form", method="post")
        held = shown.form()  # Templates of further rows are gone from the page after this.
        fields = {
            one["name"]: kind_of(one) for one in form.find_all(["input", "select", "textarea"]) if one.get("name")
        }
        return cls(person, client, trip, url, {name: kind for name, kind in fields.items() if kind}, held | answers)

    def send(self, changes: dict[str, object], *, without: tuple[str, ...] = ()) -> int:
        """Send it with these changes, look at what comes of it, and undo it; return the status."""
        body = self.held | {"form_id": receipts.new_form_id(self.person, self.url)} | changes
        return self.send_bytes(
            urlencode([*pairs({name: value for name, value in body.items() if name not in without})])
        )

    def send_bytes(self, body: str | bytes) -> int:
        with transaction.atomic():
            response = self.client.post(self.url, body, content_type="application/x-www-form-urlencoded")
            assert response.status_code in (200, 302, 400, 403, 404, 409), (self.url, response.status_code, body[:300])
            harmless(response.content)
            if response.status_code == 302:
                shown = self.client.get(address(self.trip, "detail"))
                assert shown.status_code in (200, 302, 404), (self.url, shown.status_code)
                harmless(shown.content)
            transaction.set_rollback(True)
        return response.status_code


def pairs(body: dict[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in body.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one


def kind_of(field) -> str:
    name, kind = field["name"], field.get("type", "text")
    if kind == "hidden":
        return ""
    if name.endswith(("_day", "_month", "_year")):
        return "date"
    return "choice" if field.name == "select" or kind in ("radio", "checkbox") else "text"


def harmless(content: bytes) -> None:
    assert b"<x-probe" not in content, "markup came back as markup"
    assert b"62710561" not in content, "a template was run"  # 7919 times 7919
    assert b'onfocus="alert' not in content, "an attribute was broken out of"


def facts(trip: Trip) -> list:
    """What no form may change by a name that it does not ask for."""
    approvals, travellers = Approval.objects.order_by("pk"), Traveller.objects.order_by("pk")
    return [
        *approvals.values_list("requester", "title", "status", "round", "version", "is_urgent"),
        *Step.objects.order_by("pk").values_list("state", "assignee", "role", "decided_by", "is_carried"),
        *User.objects.order_by("pk").values_list("pk", "email", "full_name", "is_staff", "is_superuser", "is_active"),
        *Party.objects.order_by("pk").values_list("approval__title", "person"),
        *travellers.values_list("person", "position", "clearance_held"),
        *Trip.objects.order_by("pk").values_list("outcome", "policy", "lateness"),
    ]


# The forms ------------------------------------------------------------------------------------------------------------


def complete(cast: Cast) -> Trip:
    """A draft that is asked every section, with a row of everything."""
    trip = a_draft(cast.traveller, countries=("DE", "FR"), days_ahead=5, travels_alone=False, has_hosts=True)
    actions.add_traveller(trip, cast.colleague, position=1, stated=trip.lead.clearance_stated)
    trip.equipment.update(carried_by=cast.colleague)
    trip.companions.create(name="Cleo", relation="Partner")
    trip.hosts.create(name="Hans Host", organisation="BMJ", phone="+49 30 18580")
    return actions.sync(trip)


def sections(cast: Cast) -> Iterator[Form]:
    trip = complete(cast)
    other = {
        "connection": {
            "network": "other", "network_other": "The hotel's", "connection": "other", "connection_other": "A cable",
        },
        "own-phone": {"personal_device": "keep", "personal_device_apps": "Teams"},
    }  # fmt: skip
    for section in sections_of(trip):
        url = address(trip, "section", section=section.key)
        yield Form.of(cast.traveller, trip, url, **other.get(section.key, {}))


def beginnings(cast: Cast) -> Iterator[Form]:
    trip = complete(cast)
    yield Form.of(cast.traveller, trip, reverse("travel:start"), lateness="not-yet")
    for stage, email in (("line_manager", cast.governor.email), ("senior", cast.senior.email)):
        url = address(trip, "choose-approver", stage=stage)
        yield Form.of(cast.traveller, trip, url, email=email, reason="They know the matter.")
    yield Form.of(cast.traveller, trip, address(trip, "check"), is_true="on")
    yield Form.of(cast.traveller, trip, address(trip, "discard"))


def decisions(cast: Cast) -> Iterator[Form]:
    yes = {"need_equipment": "yes", "need_services": "yes", "approve_equipment": "yes", "approve_services": "yes"}
    chain = (("", cast.manager), ("line_manager", cast.senior), ("senior", cast.security))
    for upto, decider in chain:
        trip = a_trip(cast.traveller, countries=("DE",), upto=upto)
        yield Form.of(decider, trip, address(trip, "decide"), decision="approve", **yes)
        yield Form.of(decider, trip, address(trip, "decide"), decision="send_back", changes="Which hotel?")
    trip = a_trip(cast.unrouted, countries=("DE",), stated="bpss")
    actions.decide(trip, decision="approve", by=cast.manager)
    url = address(trip, "name-approver")
    yield Form.of(cast.security, trip, url, email=cast.senior.email, reason="They know the matter.")


def endings(cast: Cast) -> Iterator[Form]:
    trip = a_trip(cast.traveller)
    yield Form.of(cast.traveller, trip, address(trip, "withdraw"), reason="It is off.")
    yield Form.of(cast.traveller, trip, address(trip, "copy"))
    trip = a_trip(cast.traveller, countries=("DE",), upto="line_manager")
    actions.decide(trip, decision="approve", by=cast.senior, conditions=["No phone."])
    yield Form.of(cast.traveller, trip, address(trip, "conditions"))
    trip = a_trip(cast.traveller, upto="line_manager")
    for name in ("cancel", "amend"):
        yield Form.of(cast.traveller, trip, address(trip, name), reason="It is off.")
    yield Form.of(cast.traveller, trip, address(trip, "before-you-leave"), task="guidance", done="yes")


EVERY_FORM = pytest.mark.parametrize("forms", [sections, beginnings, decisions, endings])


def payloads(kind: str) -> dict[str, object]:
    return {"text": TEXT, "choice": CHOICES, "date": DATES}[kind]


# In all fields at once ------------------------------------------------------------------------------------------------


@EVERY_FORM
def test_no_page_breaks_whatever_is_put_into_all_its_fields(cast, forms: Callable):
    dice = itertools.count()
    for form in forms(cast):  # The payloads that are refused take turns; the long run tries all.
        by_kind = {
            kind: [name for name, one in form.fields.items() if one == kind] for kind in ("text", "choice", "date")
        }
        form.send(dict.fromkeys(by_kind["text"], AS_TEXT))
        for payload in list(REFUSED_TEXT.values())[next(dice) % 5 :: 5]:
            if by_kind["text"]:
                assert form.send(dict.fromkeys(by_kind["text"], payload)) == 200, (form.url, payload[:20])
        for kind in ("choice", "date"):
            for payload in list(payloads(kind).values())[next(dice) % 6 :: 6]:
                form.send(dict.fromkeys(by_kind[kind], payload))
        form.send({}, without=tuple(form.fields))
        form.send_bytes(
            b"form_id=%ED%A0%80&version=%FF&"
            + b"&".join(quote(name).encode() + b"=%ED%A0%80%C0%80\xff" for name in form.fields)
        )


@EVERY_FORM
def test_no_form_sets_what_it_does_not_ask_for(cast, forms: Callable):
    for form in forms(cast):
        forged = {name: value for name, value in FORGED.items() if name not in form.fields}

        honest, dishonest = facts_after(form, {}), facts_after(form, forged)

        assert dishonest == honest, form.url


def facts_after(form: Form, extra: dict[str, object]) -> list:
    """What stands after the form was sent, which is undone."""
    # By hand, since a code is checked in no transaction but its own.
    before, session = transaction.savepoint(), form.client.cookies[settings.SESSION_COOKIE_NAME].value
    body = form.held | {"form_id": receipts.new_form_id(form.person, form.url)} | extra
    response = form.client.post(form.url, body | {"proof-code": phone_of(form.person)})
    assert response.status_code == 302, (form.url, page_errors(response))
    found = facts(form.trip)
    transaction.savepoint_rollback(before)
    form.client.cookies[settings.SESSION_COOKIE_NAME] = session  # A proof gave it another key.
    return found


def page_errors(response) -> list[str]:
    return [one.get_text() for one in BeautifulSoup(response.content, "html.parser").select(".govuk-error-summary li")]


@EVERY_FORM
def test_hidden_fields_are_as_little_trusted_as_others(cast, forms: Callable):
    """All pages read them by the same code, so each form meets a few, and together they meet all."""
    probes = [{name: value} for name, values in HIDDEN.items() for value in values]
    for number, form in enumerate(forms(cast)):
        for probe in probes[number % 8 :: 8]:
            form.send(probe)


# Kept as text, shown as text ------------------------------------------------------------------------------------------


def test_what_was_typed_is_shown_as_it_was_typed(cast):
    """Kept whole, and drawn as text on the check, the detail, the decision and in the lists of everybody."""
    shown_on_check = []
    for form in sections(cast):
        texts = [name for name, kind in form.fields.items() if kind == "text" and not name.endswith(NOT_FREE)]
        response = form.client.post(form.url, form.held | dict.fromkeys(texts, AS_TEXT))
        assert response.status_code == 302, (form.url, page_errors(response))
        trip, shown_on_check = form.trip, shown_on_check + texts
    actions.choose_approver(reload(trip), stage="line_manager", person=cast.governor, reason=AS_TEXT, by=cast.traveller)
    traveller = sign_in(Client(), cast.traveller)

    check = traveller.get(address(trip, "check"))
    actions.submit(reload(trip), by=cast.traveller)
    url = address(trip, "decide")
    governor = Form.of(cast.governor, trip, url, need_equipment="yes", need_services="yes", decision="approve")
    governor.client.post(url, governor.held | {"note": AS_TEXT})
    senior = Form.of(cast.senior, trip, url, decision="approve", approve_equipment="yes", approve_services="yes")
    senior.client.post(url, senior.held | {"conditions": AS_TEXT, "note": AS_TEXT})
    security = Form.of(cast.security, trip, url, decision="send_back")
    security.client.post(url, security.held | {"changes": AS_TEXT, "controls": AS_TEXT})

    assert reload(trip).approval.status == "sent_back"
    assert check.content.decode().count("&lt;x-probe") >= len(set(shown_on_check))
    for person in (cast.traveller, cast.colleague, cast.governor, cast.senior, cast.security, cast.auditor):
        client = sign_in(Client(), person)
        detail = client.get(address(trip, "detail"))
        harmless(detail.content)
        assert AS_TEXT in BeautifulSoup(detail.content, "html.parser").get_text()
        for name in ("home:index", "home:waiting", "home:requests", "notifications:index", "travel:index"):
            harmless(client.get(reverse(name)).content)


#: Text fields that take no free text.
NOT_FREE = ("email", "asset_tag", "phone")


def test_no_email_carries_what_somebody_typed(cast, settings, tmp_path):
    settings.PORTAL_MAIL_TRANSPORT, settings.PORTAL_MAIL_DIR = "file", tmp_path
    trip = a_trip(cast.traveller, countries=("DE",), reason=AS_TEXT, access=AS_TEXT, lateness="abroad")
    actions.decide(reload(trip), decision="send_back", by=cast.manager, comment=AS_TEXT)
    actions.submit(reload(trip), by=cast.traveller)
    actions.withdraw(reload(trip), by=cast.traveller, reason=AS_TEXT)

    assert delivery.deliver_due() > 5

    for mail in tmp_path.iterdir():
        assert b"x-probe" not in mail.read_bytes()


# Searching and filtering ----------------------------------------------------------------------------------------------

QUERIES = {
    "home:search": ("q",),
    "directory:index": ("q", "need"),
    "home:waiting": ("marks", "stage", "sort", "page"),
    "home:requests": ("status", "sort", "page"),
    "notifications:index": ("sort", "page"),
    "travel:index": ("status", "sort", "page"),
    "travel:start": ("lateness",),
    "travel:all": (
        "text", "status", "marks", "area", "country", "leaves_from_day", "leaves_from_month", "leaves_from_year",
        "leaves_to_day", "sort", "page",
    ),
}  # fmt: skip


def probe_queries(client: Client, payload: object, parameters: dict[str, tuple[str, ...]]) -> None:
    for name, fields in parameters.items():
        response = client.get(f"{reverse(name)}?{urlencode([*pairs(dict.fromkeys(fields, payload))])}")
        assert response.status_code == 200, (name, fields, payload)
        harmless(response.content)


@pytest.mark.parametrize("payload", [AS_TEXT, "\0", "9" * 400, ["1", "<x-probe>"], "\u202e", "a" * 10_000, "-1"])
def test_no_list_breaks_whatever_it_is_searched_or_filtered_by(cast, payload):
    a_trip(cast.traveller)

    probe_queries(sign_in(Client(), cast.security), payload, QUERIES)


@pytest.mark.parametrize("raw", ["%ED%A0%80", "%FF%FE", "%00", "%C0%80", "%", "%zz", ";&&=&="])
def test_no_list_breaks_on_bytes_that_are_no_text(cast, raw):
    client = sign_in(Client(), cast.security)

    for name, fields in QUERIES.items():
        response = client.get(reverse(name), QUERY_STRING="&".join(f"{field}={raw}" for field in fields))

        assert response.status_code == 200, name


@pytest.mark.parametrize(
    "reference", ["%00", "TRV-%F0%9F%A7%B3", "%3Cx-probe%3E", "9" * 300, "TRV-%E2%80%AE", "%ED%A0%80", "..%2f"]
)
def test_an_unknown_reference_is_unknown_however_it_is_written(cast, reference):
    client = sign_in(Client(), cast.traveller)

    for page_name in ("", "decide/", "sections/purpose/", "check/"):
        response = client.get(f"/travel/{reference}/{page_name}")

        assert response.status_code == 404
        harmless(response.content)


# The long run ---------------------------------------------------------------------------------------------------------


@pytest.mark.long
@EVERY_FORM
def test_each_field_meets_each_payload(cast, evidence, forms: Callable):
    sent = 0
    for form in forms(cast):
        for name, kind in form.fields.items():
            for payload in payloads(kind).values():
                form.send({name: payload})
            form.send({}, without=(name,))
            sent += len(payloads(kind)) + 1
        for payload in TEXT.values():
            form.send({name: payload for name, kind in form.fields.items() if kind == "text"})
        sent += len(TEXT)

    evidence(f"**Bad input, {forms.__name__}**: {sent:,} inputs, one field at a time; no page broke or showed markup.")


@pytest.mark.long
def test_each_filter_meets_each_payload(cast, evidence):
    trip = a_trip(cast.traveller)
    client, sent = sign_in(Client(), cast.security), 0
    everything = TEXT | CHOICES | DATES

    for (name, fields), payload in itertools.product(QUERIES.items(), everything.values()):
        for field in fields:
            probe_queries(client, payload, {name: (field,)})
            sent += 1

    assert text_of(client, trip.get_absolute_url())
    evidence(f"**Bad input, searches and filters**: {sent:,} inputs; no page broke or showed markup.")
