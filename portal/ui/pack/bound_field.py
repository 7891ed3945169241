"""Which component does a field become, and which ids and classes does GOV.UK Frontend 6 expect on it?"""

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from portal.ui.pack.date_input import DateInput

# The first match wins, so the narrower widget stands before the one it inherits from.
COMPONENTS = (
    (DateInput, "date"),
    (forms.CheckboxSelectMultiple, "checkboxes"),
    (forms.RadioSelect, "radios"),
    (forms.CheckboxInput, "checkbox"),
    (forms.Select, "select"),
    (forms.Textarea, "textarea"),
    (forms.FileInput, "file"),
    (forms.PasswordInput, "password"),
    (forms.HiddenInput, "hidden"),
    (forms.MultipleHiddenInput, "hidden"),
)

BASE_CLASSES = {
    "input": "govuk-input",
    "password": "govuk-input",
    "select": "govuk-select",
    "textarea": "govuk-textarea",
    "file": "govuk-file-upload",
}

PASSWORD_CLASSES = ("govuk-password-input__input", "govuk-js-password-input-input")
GROUPS = ("checkboxes", "radios", "date")
NATIVE_NUMBER_ATTRIBUTES = ("min", "max", "step")


class GovukBoundField(BoundField):
    """A bound field that can tell its template everything that GOV.UK Frontend wants to know.

    Presentation comes from the form's `govuk` attribute, field by field; `portal.ui.forms` lists the keys.
    """

    @cached_property
    def options(self) -> dict[str, Any]:
        return getattr(self.form, "govuk", {}).get(self.name, {})

    @cached_property
    def component(self) -> str:
        widget = self.field.widget
        return next((name for kind, name in COMPONENTS if isinstance(widget, kind)), "input")

    @property
    def is_group(self) -> bool:
        """Several inputs answer one question: they need a fieldset and a legend instead of a label."""
        return self.component in GROUPS

    @property
    def title_size(self) -> str:
        """The size of the label or legend; a question that is the page's heading is large unless told otherwise."""
        size = self.options.get("legend_size") or self.options.get("label_size")
        return size or ("l" if self.options.get("page_heading") else "")

    @property
    def max_characters(self) -> int | None:
        """The limit that the character count shows. A text area with a limit counts unless it is told not to."""
        if "max_characters" in self.options or self.options.get("max_words"):
            return self.options.get("max_characters")
        return getattr(self.field, "max_length", None) if self.component == "textarea" else None

    @property
    def max_words(self) -> int | None:
        return self.options.get("max_words")

    @property
    def is_counted(self) -> bool:
        return bool(self.max_characters or self.max_words)

    @property
    def hint_id(self) -> str:
        return f"{self.auto_id}-hint"

    @property
    def error_id(self) -> str:
        return f"{self.auto_id}-error"

    @property
    def info_id(self) -> str:
        return f"{self.auto_id}-info"

    @property
    def aria_describedby(self) -> str:
        ids = []
        if self.is_counted:
            ids.append(self.info_id)
        if self.help_text:
            ids.append(self.hint_id)
        if self.errors:
            ids.append(self.error_id)
        return " ".join(ids)

    @property
    def error_target(self) -> str:
        """The id a link in the error summary must name: an input that takes focus, never the group around it."""
        if self.component in ("radios", "checkboxes"):
            return f"{self.auto_id}_0"
        if self.component == "date":
            return f"{self.auto_id}_{self.wrong_parts[0] if self.wrong_parts else DateInput.parts[0]}"
        return self.auto_id

    @property
    def wrong_parts(self) -> list[str]:
        """The parts of a date that are wrong: all of them when the error does not say which."""
        if not self.errors:
            return []
        named = {part for error in self.errors.as_data() for part in (error.params or {}).get("parts", ())}
        return [part for part in DateInput.parts if part in named] or list(DateInput.parts)

    @property
    def date_parts(self) -> Iterator[dict[str, Any]]:
        value = self.value()
        if not isinstance(value, (list, tuple)):
            value = self.field.widget.decompress(value)
        for part, width, text in zip(DateInput.parts, DateInput.widths, value, strict=True):
            yield {
                "id": f"{self.auto_id}_{part}",
                "name": f"{self.html_name}_{part}",
                "label": part.capitalize(),
                "width": width,
                "value": "" if text is None else text,
                "is_wrong": part in self.wrong_parts,
            }

    @property
    def items(self) -> Iterator[dict[str, Any]]:
        """Radios or checkboxes, with the hint, divider and revealed fields that the form gives for each value."""
        described = self.options.get("items", {})
        for index, choice in enumerate(self.subwidgets):
            value = str(choice.data["value"])
            details = described.get(value, {})
            yield {
                "id": f"{self.auto_id}_{index}",
                "value": value,
                "label": choice.data["label"],
                "is_checked": choice.data["selected"],
                "is_disabled": details.get("disabled", False),
                "is_exclusive": details.get("exclusive", False),
                "hint": details.get("hint", ""),
                "divider": details.get("divider", ""),
                "revealed": [self.form[name] for name in details.get("reveals", ())],
                "revealed_id": f"conditional-{self.auto_id}_{index}",
            }

    @property
    def option_tags(self) -> SafeString:
        """The choices of a select, written here: a template's loop over all countries costs 6 ms."""
        widget, html = self.field.widget, []
        for group, choices, _index in widget.optgroups(self.html_name, widget.format_value(self.value())):
            html.append(format_html('<optgroup label="{}">', group) if group else "")
            for option in choices:
                selected = " selected" if option["selected"] else ""
                disabled = " disabled" if option["attrs"].get("disabled") else ""
                value, label = conditional_escape(str(option["value"])), conditional_escape(option["label"])
                html.append(f'<option value="{value}"{selected}{disabled}>{label}</option>')
            html.append("</optgroup>" if group else "")
        return mark_safe("".join(html))  # noqa: S308  Values, labels and groups are escaped above.

    @property
    def flat_attrs(self) -> dict[str, Any]:
        """The attributes of the control itself, for templates that write the tag themselves."""
        return self.build_widget_attrs({**self.field.widget.attrs, "id": self.auto_id})

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        """Add the classes and attributes of the component; drop those that GOV.UK Frontend does not use."""
        attrs = super().build_widget_attrs(attrs, widget)
        widget = widget or self.field.widget
        attrs.pop("aria-invalid", None)
        base = BASE_CLASSES.get(self.component)
        if self.component == "checkbox":
            attrs["class"] = "govuk-checkboxes__input"
        if base is None:
            return attrs

        # The limit is told by the count and by the error message. A maxlength attribute would cut pasted text silently.
        # False removes an attribute that the widget itself carries.
        attrs["maxlength"] = attrs["minlength"] = False
        if self.aria_describedby:
            attrs["aria-describedby"] = self.aria_describedby

        classes = [base]
        if self.component == "password":
            classes += PASSWORD_CLASSES
            attrs["spellcheck"] = "false"
            attrs["autocapitalize"] = "none"
            attrs.setdefault("autocomplete", widget.attrs.get("autocomplete", "current-password"))
        if self.component == "textarea":
            attrs["rows"] = self.options.get("rows", 5)
            attrs["cols"] = False
        if self.component == "select":
            attrs["multiple"] = bool(widget.allow_multiple_selected)
            if self.options.get("autocomplete"):
                attrs["data-autocomplete"] = "true"
                for name in ("synonyms", "refused"):
                    if told := self.options.get(name):
                        attrs[f"data-{name}"] = json.dumps(told)
                # A select has no option for what matched nothing, so the box is told what stood in it.
                if self.errors and isinstance(typed := self.value(), str) and not self.field.valid_value(typed):
                    attrs["data-typed"] = typed
        if isinstance(widget, forms.NumberInput):
            attrs["inputmode"] = attrs.get("inputmode", "numeric")
            attrs["spellcheck"] = "false"
            attrs.update(dict.fromkeys(NATIVE_NUMBER_ATTRIBUTES, False))
        if self.is_counted:
            classes.append("govuk-js-character-count")
        if width := self.options.get("width"):
            classes.append(f"govuk-input--width-{width}" if isinstance(width, int) else f"govuk-!-width-{width}")
        if extra := widget.attrs.get("class"):
            classes.append(extra)
        if self.errors:
            classes.append(f"{base}--error")
        attrs["class"] = " ".join(classes)
        return attrs
