"""Which rows are on this page of a list, and is there another? Without counting the table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# A deeper offset reads all rows before it. Whoever needs row 10,000 should filter instead.
LAST_PAGE = 200


@dataclass(frozen=True)
class PageLink:
    """One place in the row of page numbers; an ellipsis has no number."""

    number: int | None
    url: str
    is_current: bool = False


@dataclass(frozen=True)
class Page:
    """One page of rows, with links that keep the filters.

    It reads one row more than it shows, so that "is there a next page" costs no COUNT. `total` and `links` are filled
    only for lists that ask to be counted.
    """

    rows: Sequence[Any]
    number: int
    previous_url: str
    next_url: str
    first_url: str
    total: int | None = None
    links: Sequence[PageLink] = ()

    @property
    def is_only_page(self) -> bool:
        return not (self.previous_url or self.next_url)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def page_number(text: str | None) -> int:
    """The page somebody asked for; anything that is no page is the first."""
    if text and text.isascii() and text.isdigit() and len(text) < 6:
        return min(max(int(text), 1), LAST_PAGE)
    return 1
