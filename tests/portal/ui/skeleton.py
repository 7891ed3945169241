"""Is this HTML the same component? Compares what GOV.UK Frontend cares about: tags, classes, attributes, text."""

import re
from html.parser import HTMLParser

VOID = {"br", "input", "hr", "img", "meta", "link", "path"}
# Which element an id names matters, its spelling does not: ids are numbered in the order in which they appear.
POINTERS = {"id", "for", "aria-describedby", "aria-controls", "data-aria-controls", "aria-labelledby"}
IGNORED = {"name", "xmlns"}
ID_REFERENCE = re.compile(r"^#(.+)$")


class Skeleton(HTMLParser):
    """A flat list of what opens, what closes and what is said."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[object] = []
        self.ids: dict[str, str] = {}
        self.feed(html)
        self.close()

    def identify(self, ids: str) -> str:
        return " ".join(self.ids.setdefault(name, f"id{len(self.ids) + 1}") for name in ids.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kept = []
        for name, value in attrs:
            if name in IGNORED:
                continue
            text = value or ""
            if name == "class":
                text = " ".join(sorted(text.split()))
            elif name in POINTERS:
                text = self.identify(text)
            elif name == "href" and (match := ID_REFERENCE.match(text)):
                text = f"#{self.identify(match[1])}"
            kept.append((name, text))
        self.parts.append((tag, tuple(sorted(kept))))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.parts.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if text := " ".join(data.split()):
            self.parts.append(text)


def skeleton(html: str) -> list[object]:
    return Skeleton(html).parts
