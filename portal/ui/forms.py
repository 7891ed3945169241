"""What do all forms of the portal have in common?

A form says *what* is asked in its fields and *how it looks* in one attribute, `govuk`, by field name. The keys:

    page_heading     the label is the page's h1 (one question a page)
    legend_size, label_size   "s", "m", "l", "xl"
    width            2, 3, 4, 5, 10, 20 or 30 characters, or "one-half", "two-thirds"
    prefix, suffix   shown beside an input: "£", "per night"
    rows             of a text area (5)
    max_characters, max_words   the character count; a text area counts to its max_length unless this is None
    inline, small    of radios and checkboxes
    items            by value: {"hint", "divider" (stands before the item), "reveals" (names of fields), "exclusive"}
    autocomplete     a select becomes a search box where there is JavaScript
    synonyms         of such a box: what people type in place of an option's text → the value of the option
    refused          of such a box: {"names", "why"}: what it does not offer, and the sentence that says why
    enhanced         a file upload becomes a drop zone where there is JavaScript
    name             the phrase that error messages use: "the date you leave"
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from crispy_forms.utils import render_crispy_form
from django import forms
from django.http import QueryDict
from django.utils.safestring import SafeString

from portal.ui import fields, wording
from portal.ui.pack.bound_field import GovukBoundField

# Django's wording, and what the portal says instead when a form does not say it better itself.
PLAIN_ENGLISH = {
    "Enter a whole number.": "Enter a whole number, like 3",
    "Enter a number.": "Enter a number, like 3 or 2.5",
    "Enter a valid time.": "Enter a time, like 14:30",
    "Enter a valid URL.": "Enter a web address in the correct format, like https://www.example.com",
    "Select a valid choice. %(value)s is not one of the available choices.": "Select an answer from the list",
    "Select a valid choice. That choice is not one of the available choices.": "Select an answer from the list",
    "The submitted file is empty.": "The selected file is empty",
    "No file was submitted. Check the encoding type on the form.": "Select a file",
}
NOT_FILTERS = frozenset({"sort", "page"})  # parameters of a list that its filters do not read
REQUIRED = str(forms.Field.default_error_messages["required"])


class FormMixin:
    """The presentation and wording of every form."""

    bound_field_class = GovukBoundField
    use_required_attribute = False
    submit_label = "Continue"
    govuk: Mapping[str, Mapping[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Colons after labels are Django's habit, not GOV.UK's.
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            self._dress(name, field)

    def _dress(self, name: str, field: forms.Field) -> None:
        widget = field.widget
        if isinstance(widget, forms.NumberInput):
            # GOV.UK asks for a text box with a numeric keypad: browsers' number boxes change their value on a scroll.
            widget.input_type = "text"
        if isinstance(widget, forms.ClearableFileInput):
            field.widget = type("FileInput", (forms.FileInput,), {})(widget.attrs)
            field.widget.allow_multiple_selected = widget.allow_multiple_selected
        if isinstance(field, forms.EmailField):
            # Django's own wording sits in the validator, where the table above does not reach it.
            field.error_messages.setdefault("invalid", fields.EmailField.default_error_messages["invalid"])
        if field.label is None:
            field.label = forms.utils.pretty_name(name)
        if phrase := self.govuk.get(name, {}).get("name"):
            field.phrase = phrase
        for key, message in field.error_messages.items():
            field.error_messages[key] = PLAIN_ENGLISH.get(str(message), message)
        if str(field.error_messages.get("required")) == REQUIRED and not isinstance(field, fields.DateField):
            field.error_messages["required"] = self._required_message(field)

    @staticmethod
    def _required_message(field: forms.Field) -> str:
        phrase = getattr(field, "phrase", "")
        label = str(field.label)
        if isinstance(field, forms.BooleanField):
            return f"Tick the box to confirm: {label}"
        if isinstance(field, forms.FileField) and not phrase:
            return "Select a file"
        verb = "Select" if isinstance(field, (forms.ChoiceField, forms.ModelChoiceField, forms.FileField)) else "Enter"
        if phrase:
            return f"{verb} {phrase}"
        if label.endswith("?"):
            return f"Answer the question: {label}"
        # "MoJ" and "NHS" keep their capitals; "Reason" becomes "reason".
        first_word = label.partition(" ")[0]
        is_name = any(letter.isupper() for letter in first_word[1:])
        return f"{verb} {label if is_name else label[:1].lower() + label[1:]}"

    @property
    def revealed(self) -> set[str]:
        """The fields that stand inside a radio or checkbox and so are not drawn again on their own."""
        return {
            name
            for options in self.govuk.values()
            for item in options.get("items", {}).values()
            for name in item.get("reveals", ())
        }

    @property
    def has_page_heading(self) -> bool:
        return any(options.get("page_heading") and name in self.fields for name, options in self.govuk.items())

    def get_layout(self) -> Layout:
        """The fields in order. Override to put crispy's `HTML` or `Fieldset` between them."""
        return Layout(*(name for name in self.fields if name not in self.revealed))

    @cached_property
    def helper(self) -> FormHelper:
        """The whole form for `{% crispy form %}`: form tag, token, fields and the submit button."""
        helper = FormHelper()
        helper.attrs = {"novalidate": ""}
        helper.layout = self.get_layout()
        helper.add_input(Submit("", self.submit_label))
        return helper

    @cached_property
    def inner_helper(self) -> FormHelper:
        """The fields only, for layouts that write the form tag, the token and the buttons themselves."""
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.layout = self.get_layout()
        return helper

    def summary(self, prefix: str = "") -> Iterator[dict[str, str]]:
        """The lines of the error summary, in the order of the page: `text`, and `href` where there is an input."""
        for message in self.non_field_errors():
            yield {"text": f"{prefix}{message}", "href": ""}
        for name in self._page_order():
            bound = self[name]
            for message in bound.errors:
                yield {"text": f"{prefix}{message}", "href": "" if bound.is_hidden else f"#{bound.error_target}"}

    def without_errors(self) -> "FormMixin":
        """Keep what was typed and judge none of it yet: somebody asked for another row, not for an answer."""
        self._errors = forms.utils.ErrorDict()
        return self

    def _page_order(self) -> Iterator[str]:
        """Field names as the eye meets them: a revealed field follows the question that reveals it."""
        for name in self.fields:
            if name in self.revealed:
                continue
            yield name
            for item in self.govuk.get(name, {}).get("items", {}).values():
                yield from (revealed for revealed in item.get("reveals", ()) if revealed in self.fields)


class PortalForm(FormMixin, forms.Form):
    """The base of every form that is not one model's row."""


class FilterForm(PortalForm):
    """The filters of a list page. Nothing is required; what cannot be understood does not filter.

    A subclass declares optional fields and says in `filter` what each answer does to the rows.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False

    @property
    def answers(self) -> dict[str, Any]:
        """The filters that somebody set and that could be understood."""
        if not self.is_bound:
            return {}
        self.errors  # noqa: B018  Asking for the errors is what fills cleaned_data.
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [], ())}

    @property
    def drawn(self) -> SafeString:
        """The questions as HTML. Before anybody filters they look the same to everybody, so they are kept."""
        if NOT_FILTERS.issuperset(self.data):
            # Through map(), since tuple() alone would first ask the database how many there are.
            choices = (tuple(map(tuple, field.choices)) for field in self.fields.values() if hasattr(field, "choices"))
            return drawn_empty(type(self), tuple(choices))
        return render_crispy_form(self, self.inner_helper)

    def filter(self, rows: Any) -> Any:
        """The rows that answer to `self.answers`.

        :raises NotImplementedError: the subclass forgot to say it.
        """
        raise NotImplementedError(f"{type(self).__name__} must say what its filters do.")

    def selected(self) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
        """What is filtered by, for the tags above the results: label, answer, and the parameters to take away."""
        for name in self.answers:
            bound = self[name]
            if isinstance(bound.field, fields.DateField):
                parameters = [(f"{bound.html_name}_{part}", "") for part in bound.field.widget.parts]
                yield str(bound.label), wording.govuk_date(self.answers[name]), parameters
                continue
            data = bound.data if isinstance(bound.data, (list, tuple)) else [bound.data]
            if isinstance(bound.field, (forms.ChoiceField, forms.ModelChoiceField)):
                labels = {str(value): str(label) for value, label in flat(bound.field.choices)}
                for value in data:
                    yield str(bound.label), labels.get(str(value), str(value)), [(bound.html_name, str(value))]
            else:
                for value in data:
                    yield str(bound.label), str(value), [(bound.html_name, str(value))]


@lru_cache(maxsize=64)
def drawn_empty(form_class: type[FilterForm], choices: tuple[Any, ...]) -> SafeString:
    """The questions of a filter form that nobody has answered; other choices, such as a new business area, are drawn
    anew."""
    form = form_class(QueryDict())
    offering = (field for field in form.fields.values() if hasattr(field, "choices"))
    for field, offered in zip(offering, choices, strict=True):
        field.choices = offered
    return render_crispy_form(form, form.inner_helper)


def flat(choices: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Choices without their groups."""
    for value, label in choices:
        if isinstance(label, (list, tuple)):
            yield from label
        else:
            yield value, label


class PortalFormSet(forms.BaseFormSet):
    """Rows of one small form: the legs of a journey, the devices taken.

    The page always posts every row, so a formset is replaced as a whole and needs no "delete" boxes. Rows left blank
    are ignored. Without JavaScript the buttons `add` and `remove-N` post the page, and `with_rows_changed` answers.
    """

    row_name = "Row"
    shown_when: tuple[str, str] | None = None  # the field of the page, and its answer, that call for rows

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.error_messages["too_many_forms"] = f"You can add up to {self.max_num} of these"

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The cleaned data of the rows that somebody filled in, in the order of the page."""
        return [form.cleaned_data for form in self.forms if form.has_changed() or not form.empty_permitted]

    def initial_form_count(self) -> int:
        """None: a stored row is as free to be removed as a new one, because the whole set is replaced."""
        return 0

    def total_form_count(self) -> int:
        if self.is_bound:
            return max(super().total_form_count(), self.min_num)
        # Django counts initial rows and extras apart; here the initial rows are the rows, and at least one is shown.
        return min(max(len(self.initial or ()), self.min_num, 1), self.max_num)

    def _construct_form(self, i: int, **kwargs: Any) -> forms.BaseForm:
        if self.initial and i < len(self.initial):
            kwargs.setdefault("initial", self.initial[i])
        kwargs.setdefault("empty_permitted", i >= self.min_num)
        return super()._construct_form(i, **kwargs)

    @property
    def can_remove(self) -> bool:
        return self.total_form_count() > max(self.min_num, 1)

    @property
    def can_add(self) -> bool:
        return self.total_form_count() < self.max_num

    def without_errors(self) -> "PortalFormSet":
        """As a form's: keep what was typed and judge none of it yet."""
        for form in self.forms:
            form.without_errors()
        self._errors = [form._errors for form in self.forms]
        self._non_form_errors = self.error_class()
        return self

    def summary(self) -> Iterator[dict[str, str]]:
        """The error summary's lines of all rows; each says which row it means."""
        for message in self.non_form_errors():
            yield {"text": str(message), "href": ""}
        for number, form in enumerate(self.forms, start=1):
            yield from form.summary(prefix=f"{self.row_name} {number}: " if len(self.forms) > 1 else "")


def portal_formset(
    form: type[forms.BaseForm], *, row_name: str, min_num: int = 1, max_num: int = 20, base: type = PortalFormSet
) -> type[PortalFormSet]:
    """A formset class of `form` whose rows are called `row_name` ("Leg")."""
    made = forms.formset_factory(
        form,
        formset=base,
        extra=0,
        min_num=min_num,
        max_num=max_num,
        # A forged TOTAL_FORMS must not build a thousand forms.
        absolute_max=max_num + 1,
        validate_max=True,
    )
    made.row_name = row_name
    return made


def asks_to_change_rows(data: QueryDict, prefix: str) -> bool:
    """Whether one of the buttons "add another" or "remove" of this formset was pressed."""
    return any(values[-1:] == [prefix] for key, values in data.lists() if key == "add" or key.startswith("remove-"))


def with_rows_changed(data: QueryDict, prefix: str, *, max_num: int = 1000) -> QueryDict:
    """The posted data after one row was added at the end, or row N taken away and those behind it moved up."""
    changed = data.copy()
    try:
        total = max(0, min(int(data.get(f"{prefix}-TOTAL_FORMS", "0")), max_num))
    except ValueError:
        total = 0
    if data.get("add") == prefix:
        changed[f"{prefix}-TOTAL_FORMS"] = str(min(total + 1, max_num))
        return changed
    pressed = [key.removeprefix("remove-") for key in data if key.startswith("remove-") and data.get(key) == prefix]
    numbers = [int(number) for number in pressed if re.fullmatch(r"[0-9]{1,4}", number)]
    if numbers and numbers[0] < total:
        _remove_row(changed, prefix, numbers[0], total)
    return changed


def _remove_row(data: QueryDict, prefix: str, removed: int, total: int) -> None:
    rows: dict[int, dict[str, list[str]]] = {}
    for key in [key for key in data if key.startswith(f"{prefix}-")]:
        index, _, name = key.removeprefix(f"{prefix}-").partition("-")
        if name and re.fullmatch(r"[0-9]{1,4}", index):
            rows.setdefault(int(index), {})[name] = data.pop(key)
    kept = [rows.get(index, {}) for index in range(total) if index != removed]
    for index, row in enumerate(kept):
        for name, values in row.items():
            data.setlist(f"{prefix}-{index}-{name}", values)
    data[f"{prefix}-TOTAL_FORMS"] = str(len(kept))
