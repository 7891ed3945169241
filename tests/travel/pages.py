"""Read a page and post its form, as a browser without JavaScript would."""

from dataclasses import dataclass
from functools import cached_property

from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from travel.models import Trip


def address(trip: Trip, name: str, **kwargs: str) -> str:
    return reverse(f"travel:{name}", kwargs={"reference": trip.reference, **kwargs})


def after(response) -> "Page":
    """The page that an answer shows."""
    return Page(response.status_code, BeautifulSoup(response.content, "html.parser"))


def page(client: Client, url: str) -> "Page":
    return after(client.get(url))


def text_of(client: Client, url: str) -> str:
    return page(client, url).text


def post(client: Client, url: str, **answers: object):
    """Open the page, answer its form, and send it."""
    return client.post(url, page(client, url).form(**answers))


def queries_of(client: Client, url: str) -> int:
    """How many queries the page takes on the second request."""
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@dataclass
class Page:
    status: int
    soup: BeautifulSoup

    @cached_property
    def text(self) -> str:
        """What can be read in the main part, with single spaces."""
        return " ".join(self.soup.main.get_text(" ").split()).replace(" .", ".").replace(" ,", ",").replace("( ", "(")

    def form(self, **answers: object) -> dict[str, object]:
        """What the page's form would send, with these answers in place of what it holds."""
        return self.held | {name.replace("__", "-"): value for name, value in answers.items()}

    @property
    def held(self) -> dict[str, object]:
        """What the form holds: fields of a template, and boxes that are not ticked, are not part of it."""
        form = self.soup.main.find("form", method="post")
        for template in form.find_all("template"):
            template.extract()
        held: dict[str, object] = {}
        for field in form.find_all(["input", "select", "textarea"]):
            name, kind = field.get("name"), field.get("type")
            if not name or (kind in ("radio", "checkbox") and not field.has_attr("checked")):
                continue
            if field.name == "select":
                chosen = field.find("option", selected=True)
                held[name] = chosen["value"] if chosen else ""
            elif field.name == "textarea":
                held[name] = field.get_text().removeprefix("\n")
            else:
                held[name] = field.get("value", "on" if kind == "checkbox" else "")
        return held

    @property
    def errors(self) -> list[str]:
        return [line.get_text() for line in self.soup.select(".govuk-error-summary__list li")]
