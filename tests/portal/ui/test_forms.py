"""Forms and their rows: what is shown, gathered into the summary, added and removed?"""

import pytest
from crispy_forms.utils import render_crispy_form
from django import forms
from django.http import QueryDict
from django.template import Context, Template
from django.template.loader import render_to_string

from portal.ui.fields import DateField, TextField, YesNoField
from portal.ui.forms import (
    PortalForm,
    asks_to_change_rows,
    portal_formset,
    with_rows_changed,
)


class Leg(PortalForm):
    city = TextField(label="City", max_length=60, error_messages={"required": "Enter the city"})
    arrives_on = DateField(name="the date you arrive", required=False)
    is_transit = YesNoField(label="Only a change of plane?", required=False)


Legs = portal_formset(Leg, row_name="Leg", max_num=3)


def posted(*cities: str, prefix: str = "legs", **buttons: str) -> QueryDict:
    data = QueryDict(mutable=True)
    data[f"{prefix}-TOTAL_FORMS"], data[f"{prefix}-INITIAL_FORMS"] = str(len(cities)), "0"
    for index, city in enumerate(cities):
        data[f"{prefix}-{index}-city"] = city
    for name, value in buttons.items():
        data[name.replace("_", "-")] = value
    return data


def test_a_form_asks_the_browser_for_no_validation_of_its_own():
    html = render_crispy_form(Leg())

    assert "<form  novalidate" in html
    assert " required" not in html
    assert "maxlength" not in html


def test_a_submit_button_does_not_act_twice():
    assert 'data-prevent-double-click="true"' in render_crispy_form(Leg())


def test_an_integer_is_typed_into_a_text_box_with_a_numeric_keypad():
    class Nights(PortalForm):
        nights = forms.IntegerField(min_value=1, max_value=90)
        govuk = {"nights": {"width": 3}}

    html = str(Nights()["nights"])

    assert 'type="text"' in html
    assert 'inputmode="numeric"' in html
    assert "govuk-input--width-3" in html
    assert "min=" not in html


def test_a_select_marks_itself_for_the_search_box():
    class Where(PortalForm):
        country = forms.ChoiceField(choices=[("", ""), ("KE", "Kenya")])
        govuk = {"country": {"autocomplete": True}}

    html = render_crispy_form(Where(initial={"country": "KE"}))

    assert 'data-autocomplete="true"' in html
    assert '<option value="KE" selected>Kenya</option>' in html


def test_the_search_box_is_told_what_was_typed_that_is_not_in_the_list():
    class Where(PortalForm):
        country = forms.ChoiceField(choices=[("", ""), ("KE", "Kenya")])
        govuk = {"country": {"autocomplete": True}}

    html = {typed: render_crispy_form(Where({"country": typed})) for typed in ("Kenia", "KE", "")}

    assert 'data-typed="Kenia"' in html["Kenia"]
    assert "data-typed" not in html["KE"] + html[""]


def test_choices_are_escaped():
    class Where(PortalForm):
        country = forms.ChoiceField(choices=[("<b>", "<script>alert(1)</script>")])

    assert "<script>" not in render_crispy_form(Where())


def test_a_group_of_choices_keeps_its_heading():
    class Where(PortalForm):
        country = forms.ChoiceField(choices=[("Africa", [("KE", "Kenya")]), ("FR", "France")])

    html = render_crispy_form(Where())

    assert '<optgroup label="Africa"><option value="KE">Kenya</option></optgroup>' in html


def test_a_file_is_asked_for_without_the_box_that_clears_it():
    class Letter(PortalForm):
        letter = forms.FileField()

    assert 'type="checkbox"' not in str(Letter(initial={"letter": "old.pdf"})["letter"])


def test_every_line_of_the_summary_links_to_an_input_that_is_on_the_page():
    class Big(PortalForm):
        when = DateField(name="the date")
        device = forms.ChoiceField(widget=forms.RadioSelect, choices=[("y", "Yes"), ("n", "No")])
        tools = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, choices=[("a", "A")])
        reason = TextField(widget=forms.Textarea)
        password = forms.CharField(widget=forms.PasswordInput)
        letter = forms.FileField()
        agree = forms.BooleanField()
        country = forms.ChoiceField(choices=[("KE", "Kenya")])

    form = Big({})
    lines = list(form.summary())
    html = render_crispy_form(form)

    assert len(lines) == 8
    for line in lines:
        assert f' id="{line["href"][1:]}"' in html


def test_the_summary_follows_the_order_of_the_page():
    class Device(PortalForm):
        tag = TextField(label="Asset tag")
        device = forms.ChoiceField(widget=forms.RadioSelect, choices=[("y", "Yes")])
        name = TextField(label="Name")
        govuk = {"device": {"items": {"y": {"reveals": ["tag"]}}}}

    assert [line["href"] for line in Device({}).summary()] == ["#id_device_0", "#id_tag", "#id_name"]


def test_an_error_of_the_whole_form_comes_first_and_links_nowhere():
    form = Leg({})
    form.add_error(None, "Somebody else has decided this")

    assert next(form.summary()) == {"text": "Somebody else has decided this", "href": ""}


def test_one_summary_gathers_the_form_and_its_rows():
    form, rows = Leg({}), Legs(posted("Nairobi", ""), prefix="legs")
    rows.forms[1].empty_permitted = False

    html = Template("{% load portal %}{% error_summary form rows %}").render(Context({"form": form, "rows": rows}))

    assert '<a href="#id_city">Enter the city</a>' in html
    assert '<a href="#id_legs-1-city">Leg 2: Enter the city</a>' in html


def test_no_errors_make_no_summary():
    html = Template("{% load portal %}{% error_summary form %}").render(Context({"form": Leg()}))

    assert not html.strip()


def test_a_label_is_the_heading_when_the_page_has_one_question():
    class One(PortalForm):
        city = TextField(label="Where are you going?")
        govuk = {"city": {"page_heading": True}}

    html = render_crispy_form(One())

    assert One().has_page_heading
    assert '<h1 class="govuk-label-wrapper"><label class="govuk-label govuk-label--l" for="id_city">' in html


# Rows ----------------------------------------------------------------------------------------------------------------


def test_rows_left_blank_are_ignored():
    rows = Legs(posted("Nairobi", "", "Paris"), prefix="legs")

    assert rows.is_valid()
    assert [row["city"] for row in rows.answers] == ["Nairobi", "Paris"]


def test_the_first_row_must_be_filled_in():
    rows = Legs(posted(""), prefix="legs")

    assert not rows.is_valid()
    assert [line["text"] for line in rows.summary()] == ["Enter the city"]


@pytest.mark.parametrize("forged", ["0", "-1", "", "x", "99999999999999999999", "٣"])
def test_a_forged_number_of_rows_does_no_harm(forged):
    data = posted("Nairobi")
    data["legs-TOTAL_FORMS"] = forged

    rows = Legs(data, prefix="legs")

    assert len(rows.forms) <= 4
    rows.is_valid()


def test_rows_show_what_is_stored_and_at_least_one():
    assert [form.initial.get("city") for form in Legs(initial=[{"city": "Nairobi"}, {"city": "Paris"}])] == [
        "Nairobi",
        "Paris",
    ]
    assert len(Legs().forms) == 1


def test_the_button_adds_a_row_and_keeps_what_was_typed():
    data = posted("Nairobi", add="legs")

    assert asks_to_change_rows(data, "legs")
    changed = with_rows_changed(data, "legs", max_num=3)
    assert changed["legs-TOTAL_FORMS"] == "2"
    assert changed["legs-0-city"] == "Nairobi"


def test_no_row_is_added_beyond_the_limit():
    assert with_rows_changed(posted("a", "b", "c", add="legs"), "legs", max_num=3)["legs-TOTAL_FORMS"] == "3"


def test_the_button_removes_its_row_and_moves_up_the_rest():
    changed = with_rows_changed(posted("Nairobi", "Paris", "Rome", remove_1="legs"), "legs")

    assert changed["legs-TOTAL_FORMS"] == "2"
    assert [changed["legs-0-city"], changed["legs-1-city"]] == ["Nairobi", "Rome"]
    assert "legs-2-city" not in changed


@pytest.mark.parametrize("button", ["remove_9", "remove_x", "remove_", "remove_99999999999999999999"])
def test_a_button_that_names_no_row_removes_none(button):
    assert with_rows_changed(posted("Nairobi", **{button: "legs"}), "legs")["legs-TOTAL_FORMS"] == "1"


def test_the_buttons_of_another_formset_are_not_answered():
    assert not asks_to_change_rows(posted("Nairobi", add="devices"), "legs")


def test_asking_for_a_row_judges_nothing_yet():
    rows = Legs(with_rows_changed(posted("", add="legs"), "legs"), prefix="legs").without_errors()

    html = render_to_string("components/add_another.html", {"formset": rows})

    assert not list(rows.summary())
    assert "error" not in html


def test_the_rows_come_with_a_template_for_the_next_one():
    html = render_to_string(
        "components/add_another.html", {"formset": Legs(initial=[{"city": "Nairobi"}], prefix="legs")}
    )

    assert 'name="legs-0-city" value="Nairobi"' in html
    assert 'name="legs-__prefix__-city"' in html
    assert 'name="add" value="legs"' in html
    assert 'name="remove-0" value="legs"' in html
    assert 'name="legs-TOTAL_FORMS" value="1"' in html


def test_only_two_or_more_rows_can_lose_one():
    assert not Legs().can_remove
    assert Legs(initial=[{}, {}]).can_remove
