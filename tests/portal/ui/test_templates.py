"""What holds for all templates and static files of the portal?"""

import datetime as dt
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template, loader
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import ResolverMatch

from portal.ui import navigation, wording
from portal.ui.middleware import HeadersMiddleware
from portal.ui.views import Action
from tests.portal.ui.urls import view

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted(
    path
    for pattern in ("templates", "*/templates", "portal/*/templates")
    for folder in ROOT.glob(pattern)
    for path in folder.rglob("*.html")
    # E-mails are not pages: no policy reaches them, and mail programs know no other way to dress them.
    if "emails" not in path.parts
)
STATIC = ROOT / "static" / "portal"

# What the Content-Security-Policy would refuse, silently for whoever wrote it and visibly for whoever reads the page.
REFUSED_BY_THE_POLICY = {
    "a style attribute": re.compile(r"\sstyle\s*="),
    "a style element": re.compile(r"<style\b"),
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>"),
    "an event attribute": re.compile(r"\son[a-z]+\s*="),
    "a javascript: link": re.compile(r"javascript:", re.IGNORECASE),
    "something from another site": re.compile(r"""(?:src|srcset|action)=["']?(?:https?:)?//"""),
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_holds_what_the_policy_would_refuse(template):
    text = re.sub(r"\{#.*?#\}", "", template.read_text())

    assert [what for what, pattern in REFUSED_BY_THE_POLICY.items() if pattern.search(text)] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_template_can_be_read_by_django(template):
    loader.get_template(str(template).rpartition("/templates/")[2])


@pytest.mark.parametrize(
    "template", sorted((ROOT / "templates" / "components").glob("*.html")), ids=lambda path: path.name
)
def test_every_component_opens_by_saying_what_it_takes(template):
    assert template.read_text().startswith("{# Takes: ")


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500", "503"])
def test_an_error_page_needs_nothing_but_itself(name):
    html = loader.get_template(f"{name}.html").template.render(Context())

    assert html.count("<h1 ") == 1
    assert "Staff security portal" in html
    assert '<html lang="en"' in html
    assert "portal/app.css" in html or "portal/app." in html


def test_error_pages_that_may_meet_a_broken_portal_ask_for_no_script():
    for name in ("400", "500", "503"):
        assert "<script" not in render_to_string(f"{name}.html")


# Static files --------------------------------------------------------------------------------------------------------


def test_what_is_compiled_carries_no_brand_that_is_not_ours():
    css, js = (STATIC / "app.css").read_text(), (STATIC / "app.js").read_text()

    for forbidden in ("GDS Transport", "@font-face", "govuk-crest.svg", "crown.", "sourceMappingURL"):
        assert forbidden not in css
        assert forbidden not in js
    assert not [path.name for path in STATIC.rglob("*") if re.search(r"crest|crown|woff|govuk-icon", path.name)]


def test_every_picture_that_the_stylesheet_asks_for_is_there():
    wanted = re.findall(r'url\("?([^")]+)"?\)', (STATIC / "app.css").read_text())

    assert wanted
    assert [name for name in wanted if not (STATIC / name).is_file()] == []


def test_nothing_compiled_names_another_site_or_makes_code_from_text():
    assert "eval(" not in (STATIC / "app.js").read_text()
    assert "url(http" not in (STATIC / "app.css").read_text()


def test_the_lock_of_the_front_end_names_no_registry():
    assert '"resolved"' not in (ROOT / "frontend" / "package-lock.json").read_text()


# Components ----------------------------------------------------------------------------------------------------------


def test_a_summary_list_says_when_nothing_was_given_and_names_what_it_changes():
    rows = [
        {"key": "Traveller", "value": "<b>Amara</b>", "change_url": "/change/"},
        {"key": "Notes", "value": ""},
        {"key": "Devices", "value": 0},
        {"key": "Reason", "value": "One\nTwo"},
    ]

    html = render_to_string("components/summary_list.html", {"rows": rows})

    assert "&lt;b&gt;Amara&lt;/b&gt;" in html
    assert 'href="/change/">Change<span class="govuk-visually-hidden"> traveller</span>' in html
    assert html.count("Not given") == 1
    assert "One<br>Two" in html
    assert html.count("govuk-summary-list__row--no-actions") == 3


def test_a_timeline_tells_what_happened_when_and_by_whom():
    at = dt.datetime(2027, 3, 3, 14, 5, tzinfo=dt.UTC)
    events = [
        {"title": "Approved", "by": "Tom Ellis", "at": at, "text": "<i>Fine</i>"},
        {"title": "Submitted", "at": at},
    ]

    html = render_to_string("components/timeline.html", {"events": events})

    assert '<h3 class="moj-timeline__title">Approved</h3> <p class="moj-timeline__byline">by Tom Ellis</p>' in html
    assert '<time datetime="2027-03-03T14:05:00+00:00">3 March 2027 at 2:05pm</time>' in html
    assert "&lt;i&gt;Fine" in html
    assert html.count("byline") == 1


def test_a_contact_card_can_be_rung_from_the_page():
    contact = {
        "name": "Security operations",
        "phone": "+44 (0)20 7946 0958",
        "email": "soc@example.gov.uk",
        "verified_on": dt.date(2026, 11, 3),
    }

    html = render_to_string("components/contact_card.html", {"contact": contact})

    assert 'href="tel:+442079460958">+44 (0)20 7946 0958</a>' in html
    assert 'href="mailto:soc@example.gov.uk"' in html
    assert "3 November 2026" in html
    assert "When" not in html


def test_links_that_look_like_buttons_put_the_main_one_forward():
    actions = [Action("Decide", "/decide/", is_main=True), Action("Withdraw", "/w/")]

    html = render_to_string("components/button_links.html", {"actions": actions})

    assert html.count("govuk-button--secondary") == 1
    assert html.index("Decide") < html.index("govuk-button--secondary")


def test_a_state_in_an_unknown_colour_is_grey():
    html = Template('{% load portal %}{% status_tag "Draft" "mauve" %}').render(Context())

    assert "govuk-tag--grey" in html


# Words ---------------------------------------------------------------------------------------------------------------

SUMMER = dt.datetime(2027, 7, 3, 23, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("write", "value", "words"),
    [
        (wording.govuk_date, dt.date(2027, 3, 3), "3 March 2027"),
        (wording.govuk_date, SUMMER, "4 July 2027"),
        (wording.govuk_date, None, ""),
        (wording.govuk_short_date, dt.date(2027, 9, 30), "30 Sep 2027"),
        (wording.govuk_time, dt.time(14, 5), "2:05pm"),
        (wording.govuk_time, dt.time(9), "9am"),
        (wording.govuk_time, dt.time(0, 5), "12:05am"),
        (wording.govuk_time, dt.time(12), "midday"),
        (wording.govuk_time, dt.time(0), "midnight"),
        (wording.govuk_time, dt.time(12, 30), "12:30pm"),
        (wording.govuk_datetime, SUMMER, "4 July 2027 at 12:30am"),
        (wording.govuk_datetime, None, ""),
        (wording.machine_date, SUMMER, "2027-07-04T00:30:00+01:00"),
        (wording.working_days, 1, "1 working day"),
        (wording.working_days, 2, "2 working days"),
        (wording.working_days, 0, "0 working days"),
        (wording.telephone, "+44 (0)20 7946 0958", "+442079460958"),
    ],
)
def test_dates_times_and_counts_are_written_as_on_gov_uk(write, value, words):
    assert write(value) == words


def test_a_count_may_have_an_irregular_plural():
    assert wording.counted(1200, "country,countries") == "1,200 countries"


# Around every page ---------------------------------------------------------------------------------------------------


class Person:
    is_authenticated = True

    def __init__(self, *, is_past_the_second_factor: bool = True) -> None:
        self.is_past = is_past_the_second_factor

    def is_verified(self) -> bool:
        return self.is_past

    def get_full_name(self) -> str:
        return "Amara Jones"


def request_by(user, address: str = "/", namespaces: list[str] | None = None):
    request = RequestFactory().get(address)
    request.user = user
    request.resolver_match = ResolverMatch(view, (), {}, "index", None, namespaces or [])
    return request


@pytest.mark.parametrize("user", [AnonymousUser(), Person(is_past_the_second_factor=False)])
def test_the_navigation_is_for_those_past_the_second_factor(user):
    context = navigation.navigation(request_by(user))

    assert not context["navigation"]
    assert not context["signed_in"]


@pytest.mark.parametrize(
    ("address", "namespaces", "current"),
    [("/travel/", ["travel"], "page"), ("/travel/new/", ["travel"], "true"), ("/privacy/", [], "")],
)
def test_a_page_marks_the_room_that_it_is_in(address, namespaces, current):
    context = navigation.navigation(request_by(Person(), address, namespaces))

    assert list(context["navigation"]) == [("Home", "/", ""), ("Overseas travel", "/travel/", current)]
    assert context["account_name"] == "Amara Jones"


def test_every_page_shows_the_marking(settings):
    settings.PORTAL_MARKING = "OFFICIAL-SENSITIVE"

    assert "OFFICIAL-SENSITIVE" in render_to_string("base.html", navigation.navigation(request_by(AnonymousUser())))


def test_signing_out_is_a_button_because_it_changes_something():
    html = render_to_string("layouts/header.html", navigation.navigation(request_by(Person())))

    assert '<form method="post" action="/sign-out/">' in html
    assert 'href="/sign-out/"' not in html


def test_the_name_of_whoever_is_signed_in_leads_to_their_account():
    html = render_to_string("layouts/header.html", navigation.navigation(request_by(Person())))

    assert 'href="/people/me/">Amara Jones<span class="govuk-visually-hidden">: your account</span></a>' in html


def test_a_stranger_sees_the_way_in_and_the_pages_for_everybody():
    html = render_to_string("base.html", navigation.navigation(request_by(AnonymousUser())))

    assert 'href="/sign-in/">Sign in</a>' in html
    assert "Sign out" not in html
    assert "Overseas travel" not in html
    for address in ("/travel/trouble/", "/accessibility/", "/privacy/", "/cookies/", "/suppliers/"):
        assert f'href="{address}"' in html


def test_every_answer_stays_out_of_caches_and_other_sites_unless_it_says_otherwise():
    from django.http import HttpResponse

    page = HeadersMiddleware(lambda request: HttpResponse("page"))(None)
    picture = HeadersMiddleware(lambda request: HttpResponse("x", headers={"Cache-Control": "public"}))(None)

    assert page["Cache-Control"] == "no-store, private"
    assert page["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in page["Permissions-Policy"]
    assert picture["Cache-Control"] == "public"


def test_a_table_escapes_its_cells_leaves_missing_ones_empty_and_marks_its_columns():
    headings = [{"label": "Reference"}, {"label": "Rooms", "is_numeric": True}, {"label": "<Due>", "is_narrow": True}]

    html = render_to_string(
        "components/table.html", {"id": "t", "caption": "T", "headings": headings, "rows": [["<b>", 3, None, "more"]]}
    )

    assert '<th scope="row" class="govuk-table__header" data-label="Reference">&lt;b&gt;</th>' in html
    assert '<td class="govuk-table__cell govuk-table__cell--numeric" data-label="Rooms">3</td>' in html
    assert '<td class="govuk-table__cell app-nowrap" data-label="&lt;Due&gt;"></td>' in html
    assert '<td class="govuk-table__cell">more</td></tr>' in html
