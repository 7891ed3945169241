"""What a requester types into the pages of a request, and what a refusal shows."""

import datetime

from tests.travel.pages import Page, address, after, page
from travel.models import Trip

DAY = datetime.timedelta(days=1)


def day(name: str, date: datetime.date) -> dict[str, str]:
    return {f"{name}_day": str(date.day), f"{name}_month": str(date.month), f"{name}_year": str(date.year)}


def leg(number: int, country: str, arrives_on: datetime.date, leaves_on: datetime.date, **more: str) -> dict[str, str]:
    prefix = f"rows-{number}-"
    answers = {"country": country, "kind": "visit", **day("arrives_on", arrives_on), **day("leaves_on", leaves_on)}
    return {prefix + name: value for name, value in (answers | more).items()}


def rows(*each: dict[str, str]) -> dict[str, str]:
    posted = {"rows-TOTAL_FORMS": str(len(each))}
    for number, row in enumerate(each):
        posted |= {f"rows-{number}-{name}": value for name, value in row.items()}
    return posted


def journey(out: datetime.date, home: datetime.date, *legs: dict[str, str]) -> dict[str, str]:
    posted = {**day("leaves_on", out), **day("returns_on", home), "rows-TOTAL_FORMS": str(len(legs))}
    for one in legs:
        posted |= one
    return posted


def save(client, trip: Trip, section: str, answers: dict[str, object], **more: object):
    url = address(trip, "section", section=section)
    return client.post(url, page(client, url).held | answers | more)


def refused(response, *messages: str, status: int = 200) -> Page:
    """The page again, with exactly these messages in its summary, each also beside its field."""
    assert response.status_code == status
    shown = after(response)
    assert shown.errors == list(messages)
    assert shown.soup.title.get_text().startswith("Error: ")
    for link in shown.soup.select(".govuk-error-summary__list a"):
        assert shown.soup.find(id=link["href"].removeprefix("#")) is not None
    return shown
