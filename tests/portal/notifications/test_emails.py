"""What the e-mails say: every template that the code names exists, and holds no more than a reference and a link."""

import ast
import itertools
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings

from portal.approvals.models import Step
from portal.notifications import delivery, outbox
from portal.notifications.models import Message
from tests.people import person

FOLDER = Path(settings.BASE_DIR) / "templates" / "emails"
PARTS = {"footer"}  # Part of every e-mail, and none itself.
TEMPLATES = sorted({path.stem for path in FOLDER.glob("*.txt")} - PARTS)
TEXTS = [template for template in TEMPLATES if template.endswith("-text")]
EMAILS = sorted(set(TEMPLATES) - set(TEXTS))
#: What each letter holds under seal.
SECRETS = {
    "account-manager-kept": {"answer"},
    "confirm-address": {"url"},
    "password-reset": {"url"},
    "recovery-code-text": {"code"},
    "recovery-phone-text": {"code"},
    "sign-in-code": {"code"},
}
#: What the letters about a rule of an area say besides: no person, and nothing that is not on the page of rules.
RULE = {"rule": "Codes to the mailbox end", "from_on": "3 March 2027", "to_do": "Set up an authenticator app.",
        "area": "HMCTS", "left": 12}  # fmt: skip
SAID = {
    "sign-in-rule-announced": {"rule", "from_on", "to_do"},
    "sign-in-rule-reminder": {"rule", "from_on", "to_do"},
    "sign-in-rule-number": {"rule", "from_on", "area", "left"},
    "sign-in-rule-taken-back": {"rule", "from_on"},
}
#: Whoever is used to following links beside codes follows a thief's, too.
WITHOUT_A_LINK = {template for template, secret in SECRETS.items() if "code" in secret}
ONE_TEXT_MESSAGE = 160  # characters of GSM 03.38
ALLOWED = {"reference", "url", "name", "portal_name"}
TELLING = {"enqueue", "tell", "text", "tell_parties", "tell_deciders"}


# Named by allauth, whose notifications the door sends as its own.
BY_ALLAUTH = {"password_reset"}
# Letters of pages that are being built beside them.
OF_PAGES_TO_COME = {
    "address-change-asked",
    "address-changed",
    "factors_reset",
    "key-added",
    "key-removed",
    "recovery_phone_added",
    "recovery_phone_removed",
    "sessions_ended",
    "two_places",
}
# What the code fills into the names of templates, by how it is written there.
FILLED_IN = {
    "verb": ("withdraw", "cancel", "amend"),
    "step.verb": Step.Verb.values,
    "template": ("request-waits-to-approve",),
}


def code() -> list[ast.AST]:
    """Return every node of the product's own code."""
    files = [path for app in ("portal", "travel") for path in (Path(settings.BASE_DIR) / app).rglob("*.py")]
    return [node for path in files for node in ast.walk(ast.parse(path.read_text()))]


def constants(nodes) -> set[str]:
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def filled_in(node: ast.JoinedStr) -> set[str]:
    """Return what an f-string can become."""
    parts = [
        [part.value] if isinstance(part, ast.Constant) else FILLED_IN.get(ast.unparse(part.value), [])
        for part in node.values
    ]
    return {"".join(choice) for choice in itertools.product(*parts)}


def named_in_the_code() -> set[str]:
    """Return the template of every message that the code can owe."""
    nodes = code()
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    owing = [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in TELLING]
    given = [argument for call in owing for argument in (*call.args, *(word.value for word in call.keywords))]
    names = constants(node for argument in given for node in ast.walk(argument))
    # Tables and variables that hold names stand outside of the calls.
    names |= constants(nodes)
    names |= {name for node in nodes if isinstance(node, ast.JoinedStr) for name in filled_in(node)}
    owed = constants(word.value for call in owing for word in call.keywords if word.arg == "template")
    return (
        names & set(TEMPLATES)
        | owed
        | {name for name in names if re.fullmatch(r"(request|trip)-[a-z-]+[a-z]", name)}
        | letters(owing)
    )


def letters(owing: list[ast.Call]) -> set[str]:
    """Return the names that the door gives, which have another shape."""
    names = constants(argument for call in owing for argument in call.args)
    return {name for name in names if re.fullmatch(r"[a-z]+([_-][a-z]+)+", name)}


def test_every_template_that_the_code_names_exists_and_no_other():
    named = named_in_the_code()

    assert {"request-waits-to-approve-urgently", "request-withdraw", "trip-confirm", "app_set_up"} <= named
    assert named - set(TEMPLATES) == set()
    assert set(TEMPLATES) - named <= BY_ALLAUTH | OF_PAGES_TO_COME


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_says_no_more_than_a_reference_and_a_link(template):
    source = (FOLDER / f"{template}.txt").read_text()

    assert set(re.findall(r"{{\s*(\w+)", source)) <= ALLOWED | SECRETS.get(template, set()) | SAID.get(template, set())
    assert set(re.findall(r"{%\s*(\w+)", source)) <= {"autoescape", "endautoescape", "if", "endif"}
    assert source.startswith("{% autoescape off %}")
    assert ("{{ url }}" in source) != (template in WITHOUT_A_LINK)


def letter(template: str, **fields) -> Message:
    return Message(
        recipient=person("Ann & Bob <i>Smith</i>", area="moj-hq"),
        template=template,
        context={"reference": "TRV-8F4K2M"} | {name: RULE[name] for name in SAID.get(template, ())},
        link="/travel/TRV-8F4K2M/",
        dedupe_key="TRV-8F4K2M:v1",
        **fields,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("template", EMAILS)
def test_each_can_be_sent_as_text_and_as_a_page(template):
    mail = delivery.compose(letter(template))

    url = f"{settings.PORTAL_URL}/travel/TRV-8F4K2M/"
    links = [] if template in WITHOUT_A_LINK else [url]
    page = BeautifulSoup(mail.html, "html.parser")
    words = " ".join(page.get_text(" ").split())
    assert mail.subject
    assert "\n" not in mail.subject
    assert "Hello Ann & Bob <i>Smith</i>," in mail.text
    assert mail.text.count(url) == len(links)
    assert [link["href"] for link in page.select("a")] == links
    assert not re.search(r"{{|{%|  |&amp;|please|successfully", mail.text, re.IGNORECASE)
    for paragraph in mail.text.replace("\n--\n", "\n").split("\n\n"):
        assert " ".join(paragraph.split()) in words


@pytest.mark.django_db
@pytest.mark.parametrize("template", TEXTS)
def test_each_text_message_fits_into_one(template):
    message = letter(template, channel="text")
    secret = dict.fromkeys(SECRETS.get(template, ()), "123456")
    outbox.seal(message, {"to": "+447700900123", "secret": secret})

    text = delivery.compose(message)

    assert text.to == "+447700900123"
    assert text.text.startswith("123456 " if secret else settings.PORTAL_NAME)
    assert len(text.text) <= ONE_TEXT_MESSAGE
    assert text.text.isascii()


@pytest.mark.django_db
@pytest.mark.parametrize(("template", "names"), SECRETS.items())
def test_a_secret_stands_in_the_letter_and_never_in_its_subject(template, names):
    """A subject is shown on locked screens, and in the portal's own list of messages."""
    message = letter(template, channel="text" if template in TEXTS else "email")
    secret = {name: f"{settings.PORTAL_URL}/s3cr3t/" if name == "url" else "s3cr3t" for name in names}
    outbox.seal(message, {"to": "ann@justice.example", "secret": secret})

    sent = delivery.compose(message)

    assert "s3cr3t" in sent.text
    assert "s3cr3t" not in getattr(sent, "subject", "") + delivery.subject_of(message) + repr(sent) + repr(message)
    if names & {"code", "url"}:
        assert re.search("nobody from the|never give", sent.text, re.IGNORECASE)
    if names == {"url"}:
        assert BeautifulSoup(sent.html, "html.parser").select_one("a")["href"] == f"{settings.PORTAL_URL}/s3cr3t/"


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_list_of_messages_shows_the_same_subject(template):
    message = Message(template=template, context={"reference": "TRV-8F4K2M"})

    subject = delivery.subject_of(message)

    assert subject
    assert "{" not in subject
    if template.startswith(("request-", "trip-")):
        assert "TRV-8F4K2M" in subject
