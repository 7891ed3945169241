"""How does a view put a link or a state into a table cell without writing HTML?"""

from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.ui.templatetags.portal import TAG_COLOURS


def link(text: object, url: str, *, hidden: str = "") -> SafeString:
    """A link; `hidden` is read out after the text, for links whose text repeats down a column ("View")."""
    if hidden:
        return format_html(
            '<a class="govuk-link" href="{}">{}<span class="govuk-visually-hidden"> {}</span></a>', url, text, hidden
        )
    return format_html('<a class="govuk-link" href="{}">{}</a>', url, text)


@lru_cache(maxsize=256)
def tag(label: str, colour: str = "grey") -> SafeString:
    """A status tag, as in `components/status_tag.html`; kept, since a list shows the same few on every row."""
    return render_to_string(
        "components/status_tag.html", {"label": label, "colour": colour if colour in TAG_COLOURS else "grey"}
    )
