"""Do our templates give the HTML that GOV.UK Frontend's own fixtures give?

The data is the part of govuk-frontend's `fixtures.json` files that the portal uses (MIT). An upgrade replaces the file;
what then fails here is exactly what has to change in `templates/govuk` and `templates/components`.
"""

import json
import types
from pathlib import Path

import pytest
from crispy_forms.utils import render_crispy_form
from django import forms
from django.template.loader import render_to_string

from portal.ui.fields import DateField, TextField
from portal.ui.forms import PortalForm
from portal.ui.pages import PageLink
from tests.portal.ui.skeleton import skeleton

DATA = json.loads((Path(__file__).parent / "data" / "govuk-frontend-6.6.0.json").read_text())["components"]

# Fixtures whose options the portal has no use for, each with the reason.
NOT_OURS = {
    ("radios", "small"): "puts the class on the form group, to show that one can; ours stands on the radios",
    ("radios", "small inline"): "the same",
    ("radios", "with conditional items"): "reveals loose markup; ours reveals whole questions, tested below",
    ("radios", "with conditional item checked"): "the same",
    ("checkboxes", "with conditional items"): "the same",
    ("radios", "with legend as page heading"): "labels with markup; the heading is tested with another component",
    ("checkboxes", "with pre-checked values"): "reveals loose markup",
    ("checkboxes", "small"): "the same as small radios",
    ("date-input", "with errors only"): "red boxes without a message",
    ("file-upload", "enhanced, multiple files"): "one file a question",
    (
        "character-count",
        "with count type 'characters'",
    ): "counts as the browser does by default, never fewer than we do",
    ("character-count", "with count type 'words'"): "the same",
}

FIELDS = ("input", "textarea", "character-count", "select", "radios", "checkboxes", "date-input", "password-input")
CASES = [
    pytest.param(component, name, id=f"{component}: {name}")
    for component in (*FIELDS, "file-upload")
    for name in DATA[component]
    if (component, name) not in NOT_OURS
]


def the_form(component: str, options: dict) -> forms.BaseForm:
    """A form whose one field is what the fixture's options describe, in the state that they describe."""
    title = options.get("label") or options["fieldset"]["legend"]
    look: dict = {"page_heading": title.get("isPageHeading", False)}
    size = title.get("classes", "").rpartition("--")[2]
    look |= {"label_size": size} if size else {}
    common = {"label": title["text"], "help_text": options.get("hint", {}).get("text", ""), "required": False}
    attrs = {key: options[key] for key in ("autocomplete",) if key in options}
    if "spellcheck" in options:
        attrs["spellcheck"] = str(options["spellcheck"]).lower()
    attrs |= {key: options[key] for key in ("inputmode",) if key in options}
    initial = options.get("value")
    classes = options.get("classes", "")
    choices = [(str(item["value"]), item["text"]) for item in options.get("items", ()) if "value" in item]

    if component == "input":
        field = TextField(widget=forms.TextInput(attrs), **common)
        look |= {key: options[key]["text"] for key in ("prefix", "suffix") if key in options}
        if "width" in classes:
            look["width"] = int(classes.rpartition("-")[2])
    elif component in ("textarea", "character-count"):
        field = TextField(widget=forms.Textarea(attrs), max_length=options.get("maxlength"), **common)
        look |= {key: options[key] for key in ("rows",) if key in options}
        look |= {"max_words": options["maxwords"]} if "maxwords" in options else {}
    elif component == "select":
        field = forms.ChoiceField(choices=choices, **common)
        initial = next((str(item["value"]) for item in options["items"] if item.get("selected")), None)
    elif component in ("radios", "checkboxes"):
        is_radios = component == "radios"
        kind = forms.ChoiceField if is_radios else forms.MultipleChoiceField
        widget = forms.RadioSelect if is_radios else forms.CheckboxSelectMultiple
        field = kind(widget=widget, choices=choices, **common)
        checked = [item["value"] for item in options["items"] if item.get("checked")] + options.get("values", [])
        initial = next(iter(checked), None) if is_radios else checked
        look |= {"inline": "inline" in classes, "small": "small" in classes, "items": look_of(options["items"])}
    elif component == "date-input":
        field = DateField(name="the date", **common)
        initial = [options.get("values", {}).get(part) for part in ("day", "month", "year")]
    elif component == "password-input":
        field = forms.CharField(widget=forms.PasswordInput(attrs), **common)
    else:
        field = forms.FileField(**common)
        look["enhanced"] = options.get("javascript", False)

    made = type("TheForm", (PortalForm,), {"field": field, "govuk": {"field": look}})
    form = made(initial={"field": initial})
    if error := options.get("errorMessage"):
        wrong = [part for part in ("day", "month", "year") if options.get(part, {}).get("error")]
        form._errors = forms.utils.ErrorDict(
            field=form.error_class([forms.ValidationError(error["text"], params={"parts": wrong})])
        )
    return form


def look_of(items: list[dict]) -> dict:
    """Our `items` hints from the fixture's list, where a divider is an item of its own."""
    look, divider = {}, ""
    for item in items:
        if "divider" in item:
            divider = item["divider"]
            continue
        look[str(item["value"])] = {
            "divider": divider,
            "hint": item.get("hint", {}).get("text", ""),
            "exclusive": item.get("behaviour") == "exclusive",
            "disabled": item.get("disabled", False),
        }
        divider = ""
    return look


@pytest.mark.parametrize(("component", "name"), CASES)
def test_a_field_has_the_skeleton_of_its_govuk_fixture(component, name):
    fixture = DATA[component][name]
    form = the_form(component, fixture["options"])
    html = render_crispy_form(form, form.inner_helper)

    expected = skeleton(fixture["html"])
    if component == "select":
        # A disabled option is not something a Django choice can say.
        expected = [without(part, "disabled") if part[0] == "option" else part for part in expected]

    assert skeleton(html) == expected


def without(part, attribute):
    return part[0], tuple(pair for pair in part[1] if pair[0] != attribute)


PAGE = {"is_only_page": False, "previous_url": "", "next_url": "", "links": ()}


def the_page(options: dict) -> types.SimpleNamespace:
    links = [
        PageLink(None, "")
        if item.get("ellipsis")
        else PageLink(int(item["number"]), item["href"], item.get("current", False))
        for item in options.get("items", ())
    ]
    urls = {f"{name}_url": options.get(name, {}).get("href", "") for name in ("previous", "next")}
    return types.SimpleNamespace(**{**PAGE, "links": links, **urls})


def the_tasks(options: dict) -> list[dict]:
    return [
        {
            "title": item["title"]["text"],
            "url": item.get("href", ""),
            "hint": item.get("hint", {}).get("text", ""),
            "status": item["status"].get("text") or item["status"]["tag"]["text"],
            "colour": item["status"].get("tag", {}).get("classes", "").removeprefix("govuk-tag--"),
        }
        for item in options["items"]
    ]


def component_cases():
    """Template, context and the fixture it should equal."""
    for name in ("default", "with everything", "mixed with and without links", "without links"):
        options = DATA["error-summary"][name]["options"]
        errors = [{"text": line["text"], "href": line.get("href", "")} for line in options["errorList"]]
        if "descriptionText" not in options:
            yield "error-summary", name, "error_summary", {"errors": errors}
    for name, fixture in DATA["pagination"].items():
        if all("labelText" not in fixture["options"].get(side, {}) for side in ("previous", "next")):
            yield "pagination", name, "pagination", {"page": the_page(fixture["options"])}
    for name, fixture in DATA["task-list"].items():
        yield (
            "task-list",
            name,
            "task_list",
            {"tasks": the_tasks(fixture["options"]), "id": fixture["options"].get("idPrefix")},
        )
    for name in ("default", "with type as success"):
        options = DATA["notification-banner"][name]["options"]
        yield "notification-banner", name, "notification_banner", {"text": options["text"], "kind": options.get("type")}
    yield "warning-text", "default", "warning_text", {"text": DATA["warning-text"]["default"]["options"]["text"]}
    yield "back-link", "default", "back_link", {"url": "#"}
    panel = {"title": "Application complete", "text": "Your reference number", "reference": "HDJ2123F"}
    yield "panel", "default", "panel", panel


@pytest.mark.parametrize(
    ("component", "name", "template", "context"),
    [pytest.param(*case, id=f"{case[0]}: {case[1]}") for case in component_cases()],
)
def test_a_component_has_the_skeleton_of_its_govuk_fixture(component, name, template, context):
    html = render_to_string(f"components/{template}.html", context)

    assert skeleton(html) == skeleton(DATA[component][name]["html"])


def test_a_table_has_the_skeleton_of_its_govuk_fixture_inside_a_frame_that_scrolls():
    options = DATA["table"]["with head and caption"]["options"]
    context = {
        "id": "rates",
        "caption": options["caption"],
        "show_caption": True,
        "headings": [{"label": h["text"], "is_numeric": h.get("format") == "numeric"} for h in options["head"]],
        "rows": [[cell["text"] for cell in row] for row in options["rows"]],
    }

    html = render_to_string("components/table.html", context)

    inside = [part for part in skeleton(html)[1:-1] if part]
    ours = [drop_additions(part) for part in inside]
    assert ours == skeleton(DATA["table"]["with head and caption"]["html"])


def drop_additions(part):
    """Our frame needs the caption's id, a reference may not break over two lines, and a narrow screen needs each cell's
    heading; the rest is as it should be."""
    if isinstance(part, str):
        return part
    tag, attrs = part
    kept = (
        (name, " ".join(c for c in value.split() if not c.startswith("app-")))
        for name, value in attrs
        if name not in ("id", "data-label")
    )
    return tag, tuple(kept)


def test_a_revealed_question_stands_in_the_block_that_its_radio_controls():
    class Journey(PortalForm):
        device = forms.ChoiceField(widget=forms.RadioSelect, choices=[("yes", "Yes"), ("no", "No")], required=False)
        tag = TextField(label="Asset tag", required=False)
        govuk = {"device": {"items": {"yes": {"reveals": ["tag"]}}}}

    form = Journey(initial={"device": "no"})
    html = render_crispy_form(form, form.inner_helper)

    assert 'data-aria-controls="conditional-id_device_0"' in html
    assert (
        '<div class="govuk-radios__conditional govuk-radios__conditional--hidden" id="conditional-id_device_0">' in html
    )
    assert html.count('name="tag"') == 1
    assert html.count("data-aria-controls") == 1


def test_what_the_checked_radio_reveals_is_not_hidden():
    class Journey(PortalForm):
        device = forms.ChoiceField(widget=forms.RadioSelect, choices=[("yes", "Yes"), ("no", "No")], required=False)
        tag = TextField(label="Asset tag", required=False)
        govuk = {"device": {"items": {"yes": {"reveals": ["tag"]}}}}

    form = Journey({"device": "yes"})

    assert "conditional--hidden" not in render_crispy_form(form, form.inner_helper)
