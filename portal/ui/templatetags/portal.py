"""What can a template say? Dates, times and counts from `portal.ui.wording`, states, errors and rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.template.base import render_value_in_context
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from portal.ui import wording

register = template.Library()

TAG_COLOURS = frozenset({"grey", "green", "teal", "blue", "purple", "magenta", "red", "orange", "yellow"})

for words in (
    wording.govuk_date,
    wording.govuk_short_date,
    wording.govuk_time,
    wording.govuk_datetime,
    wording.machine_date,
    wording.counted,
    wording.working_days,
    wording.telephone,
    wording.lower_first,
):
    register.filter(words)


@register.inclusion_tag("components/status_tag.html")
def status_tag(label: str, colour: str = "grey") -> dict[str, str]:
    """The state of a record in one or two words. A colour that GOV.UK Frontend does not know becomes grey."""
    return {"label": label, "colour": colour if colour in TAG_COLOURS else "grey"}


@register.inclusion_tag("components/error_summary.html")
def error_summary(*forms: Any) -> dict[str, Any]:
    """One summary of the errors of all the forms and formsets of the page, each line linking to its input."""
    lines = [line for form in forms if form is not None and hasattr(form, "summary") for line in form.summary()]
    return {"errors": lines}


@register.simple_tag(takes_context=True)
def table_rows(
    context: template.Context, headings: Sequence[Mapping[str, Any]], rows: Iterable[Iterable[Any]]
) -> SafeString:
    """The rows of `components/table.html`, each cell escaped as a template would. The first cell heads its row.

    Written here, because the template's own loop over the cells took a third of what a list costs. On a narrow screen
    each cell stands beside its heading, which the stylesheet takes from `data-label`.
    """
    around, plain = [], ('<td class="govuk-table__cell">', "</td>")
    for number, heading in enumerate(headings):
        name, kind = ("td", "cell") if number else ('th scope="row"', "header")
        classes = f"govuk-table__{kind}"
        if heading.get("is_numeric"):
            classes += f" govuk-table__{kind}--numeric"
        if heading.get("is_narrow"):
            classes += " app-nowrap"
        label = conditional_escape(heading["label"])
        around.append((f'<{name} class="{classes}" data-label="{label}">', f"</{name[:2]}>"))
    html: list[str] = []
    for row in rows:
        html.append('<tr class="govuk-table__row">')
        for number, cell in enumerate(row):
            opening, closing = around[number] if number < len(around) else plain
            html += (opening, "" if cell is None else render_value_in_context(cell, context), closing)
        html.append("</tr>")
    return mark_safe("".join(html))  # noqa: S308  Every cell went through the template's own escaping.
