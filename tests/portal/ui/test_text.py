"""What may be typed as text, and what reaches the database?"""

import pytest
from django import forms

from portal.ui.fields import EmailField, TextField, YesNoField
from portal.ui.forms import PortalForm


class Reason(PortalForm):
    title = TextField(label="Title", required=False)
    reason = TextField(label="Reason", max_length=2000, widget=forms.Textarea, required=False)


def cleaned(**data: str) -> dict[str, str]:
    form = Reason(data)
    assert form.is_valid(), form.errors
    return form.cleaned_data


def test_spaces_around_are_stripped_and_lines_kept():
    assert cleaned(reason="  Visit\r\nthe prison\rtoday \n")["reason"] == "Visit\nthe prison\ntoday"


def test_one_letter_has_one_spelling():
    assert cleaned(title="Re\u0301union")["title"] == "R\u00e9union"


def test_a_tab_in_a_single_line_becomes_a_space():
    assert cleaned(title="Tom\tEllis")["title"] == "Tom Ellis"


@pytest.mark.parametrize(
    "ordinary", ["O’Neill – Žižek", "李小龍", "Ελλάδα", "👩‍👩‍👧 family", "a<b> & 'c' \"d\"", "السلام"]
)
def test_the_world_s_writing_is_welcome(ordinary):
    assert cleaned(reason=ordinary)["reason"] == ordinary


@pytest.mark.parametrize(
    "bad",
    [
        "\x00",
        "\x07",
        "\x0b",
        "\x0c",
        "\x1b[31m",
        "\x1c",
        "\x7f",
        "\x85",
        "\u2028",
        "\u2029",
        "\u202egpj.exe",
        "\u2066",
        "\ud800",
    ],
)
def test_what_no_keyboard_makes_is_refused_in_words(bad):
    form = Reason({"reason": f"a{bad}b"})

    assert form.errors["reason"] == [
        "Reason contains a character that cannot be used. If you pasted the text, paste it as plain text or type it"
    ]


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n"])
def test_a_line_break_in_a_single_line_is_refused(newline):
    assert "title" in Reason({"title": f"Trip{newline}Bcc: everyone@example.com"}).errors


def test_a_limit_is_said_with_the_field_s_name_and_a_readable_number():
    assert Reason({"reason": "x" * 2001}).errors["reason"] == ["Reason must be 2,000 characters or fewer"]
    assert Reason({"reason": "x" * 2000}).is_valid()


def test_a_line_break_counts_once_as_it_does_in_the_browser():
    assert Reason({"reason": "x\r\n" * 999 + "xx"}).is_valid()


def test_a_question_is_not_the_beginning_of_a_message():
    class Why(PortalForm):
        why = TextField(label="Why are you going?", max_length=5)
        named = TextField(label="And what for?", name="what it is for", max_length=5)

    form = Why({"why": "too long", "named": "too long"})

    assert form.errors["why"] == ["Your answer must be 5 characters or fewer"]
    assert form.errors["named"] == ["What it is for must be 5 characters or fewer"]


@pytest.mark.parametrize("empty", ["", " ", "\n\t ", None])
def test_spaces_are_no_answer(empty):
    class Required(PortalForm):
        reason = TextField(label="Reason", widget=forms.Textarea)

    assert Required({"reason": empty}).errors["reason"] == ["Enter reason"]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (TextField(label="Email address"), "Enter email address"),
        (TextField(label="MoJ email address"), "Enter MoJ email address"),
        (TextField(label="NHS number"), "Enter NHS number"),
        (TextField(label="Why?", name="the reason"), "Enter the reason"),
        (TextField(label="Why?"), "Answer the question: Why?"),
        (forms.ChoiceField(label="Grade"), "Select grade"),
        (forms.FileField(label="Invitation letter"), "Select a file"),
        (forms.BooleanField(label="I have read it"), "Tick the box to confirm: I have read it"),
        (TextField(label="Any", error_messages={"required": "Say anything"}), "Say anything"),
    ],
)
def test_a_missing_answer_is_asked_for_in_plain_english(field, message):
    made = type("Made", (PortalForm,), {"field": field})

    assert made({}).errors["field"] == [message]


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        (EmailField(label="Email"), "nobody", "Enter an email address in the correct format, like name@justice.gov.uk"),
        (
            forms.EmailField(label="Email"),
            "nobody",
            "Enter an email address in the correct format, like name@justice.gov.uk",
        ),
        (forms.IntegerField(label="Nights"), "three", "Enter a whole number, like 3"),
        (forms.ChoiceField(label="Grade", choices=[("a", "A")]), "b", "Select an answer from the list"),
    ],
)
def test_a_wrong_answer_is_refused_in_plain_english(field, typed, message):
    made = type("Made", (PortalForm,), {"field": field})

    assert made({"field": typed}).errors["field"] == [message]


class Visa(PortalForm):
    visa = YesNoField(label="Do you need a visa?", error_messages={"required": "Select yes if you need a visa"})
    maybe = YesNoField(label="Have you one?", required=False)


@pytest.mark.parametrize(("typed", "answer"), [("yes", True), ("no", False)])
def test_yes_and_no_become_a_bool(typed, answer):
    form = Visa({"visa": typed})

    assert form.is_valid()
    assert form.cleaned_data == {"visa": answer, "maybe": None}


@pytest.mark.parametrize("forged", ["", "True", "on", "yes\x00"])
def test_anything_else_is_not_an_answer(forged):
    assert "visa" in Visa({"visa": forged}).errors


@pytest.mark.parametrize(("stored", "checked"), [(True, [True, False]), (False, [False, True]), (None, [False, False])])
def test_a_stored_bool_checks_its_radio(stored, checked):
    assert [item["is_checked"] for item in Visa(initial={"visa": stored})["visa"].items] == checked
