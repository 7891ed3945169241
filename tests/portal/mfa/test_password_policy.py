"""Which passwords are refused, with which sentence, and how the others are kept."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, check_password, make_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from portal.accounts.models import BusinessArea, User
from portal.mfa import passwords
from portal.mfa.models import PasswordUsed
from tests.portal.mfa.conftest import PASSWORD, make_person
from tests.portal.mfa.test_passwords import ask_for_link, link_in_letter, set_password

pytestmark = pytest.mark.django_db
CHANGE = "/accounts/password/change/"
NEW = "harbour lantern quilt"
LONG = "lantern quilt harbour violin " * 5


class CountingHasher(MD5PasswordHasher):
    """Counts what costs time: every check makes one hash, and so does every password that is set."""

    algorithm = "md5"
    made = 0

    def encode(self, password, salt):
        type(self).made += 1
        return super().encode(password, salt)


@pytest.fixture
def hashes(settings):
    """How many hashes are made from here on: ``hashes()``."""
    settings.PASSWORD_HASHERS = [f"{CountingHasher.__module__}.CountingHasher"]
    before = CountingHasher.made
    return lambda: CountingHasher.made - before


@pytest.fixture
def person() -> User:
    return User(email="maya.oconnor@justice.example", full_name="Maya O’Connor")


def refusal(password: str, user: User | None = None) -> str:
    """The sentence that refuses this password, or nothing."""
    try:
        passwords.refuse_weak(passwords.normalised(password), user)
    except ValidationError as refused:
        return "".join(refused.messages)
    return ""


def set_all(user: User, *earlier: str) -> None:
    for password in earlier:
        passwords.replace(user, password)


# What is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple", "harbour lantern quilt", "gF7$kqP2!xZ9", "Tuesday morning rain",
        "prison kettle violin", "пароль длинный новый", "🦊 under the 🌵 with 🍋",
    ],
)  # fmt: skip
def test_a_good_password_is_taken_without_capitals_numbers_or_symbols(person, password):
    """R358, R359."""
    assert refusal(password, person) == ""


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("lantern quil", ""),
        ("lantern qui", "Password must be 12 characters or more. Add another word"),
        ("Password123456", "on the lists that attackers try first"),
        ("P@ssw0rd2027!!", "on the lists that attackers try first"),
        ("manchester united", "on the lists that attackers try first"),
        ("maya.oconnor@justice.example", "too much like your name or email address"),
        ("Maya O'Connor 1985", "too much like your name or email address"),
        ("ministry of justice", "words about the ministry"),
        ("Staff-Security-Portal-2027", "words about the ministry"),
        ("HMPPSprison!1", "words about the ministry"),
        ("pr1son g0vernor", "words about the ministry"),
        ("example hill 2027", "words about the ministry"),
        ("Summer2027Summer", "words about the ministry"),
        ("maya prison 2027", "words about the ministry"),
        ("kettle kettle", "repeat itself or follow the keyboard"),
        ("aaaaaaaaaaaaaaaa", "repeat itself or follow the keyboard"),
        ("qwertyuiopasdf", "repeat itself or follow the keyboard"),
        ("abcdef 654321", "repeat itself or follow the keyboard"),
        ("07700 900123", ""),
        ("077009001234", "must not be only numbers"),
    ],
)
def test_each_refusal_says_what_is_wrong(person, password, sentence):
    """R358, R360: the first fault is named, one sentence at a time."""
    assert sentence in refusal(password, person)
    assert bool(sentence) == bool(refusal(password, person))


def test_every_sentence_says_what_to_do(person):
    for password in ("short", "a" * 12, "1" * 12, "Password123456", person.email, "ministry of justice"):
        assert any(verb in refusal(password, person) for verb in ("Add ", "Choose ", "Leave "))


def test_the_name_of_an_establishment_that_opened_yesterday_is_no_password():
    assert refusal("HMP Thistledown 1") == ""

    BusinessArea.objects.create(key="hmp-thistledown", name="HMP Thistledown")

    assert "words about the ministry" in refusal("HMP Thistledown 1")


# One spelling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "caf\u00e9 lantern quilt",
        "cafe\u0301 lantern quilt",
        " café lantern quilt ",
        "café\u00a0lantern quilt",
        "\uff43afé lantern quilt",
    ],
)
def test_the_same_password_counts_from_every_keyboard(visitor, maya, typed, clock):
    """Composed and decomposed, with the space that a phone adds, with spaces that do not break, in full width."""
    passwords.replace(maya, "café lantern quilt")

    assert visitor.give_password(maya, typed)["Location"] == "/mfa/verify/"


@pytest.mark.parametrize("typed", ["Café lantern quilt", "cafe lantern quilt", "café  lantern quilt"])
def test_what_can_be_seen_counts(visitor, maya, typed, clock):
    passwords.replace(maya, "café lantern quilt")

    assert visitor.give_password(maya, typed).status_code == 200


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("lantern 🦊 quilt", ""),
        (LONG[:128], ""),
        (LONG[:129], "128 characters or fewer"),
        ("x" * 900_000, "128 characters or fewer"),
        ("harbour\0lantern quilt", "characters that no keyboard types"),
        ("            ", "Enter a new password"),
    ],
)
def test_lengths_and_odd_characters(visitor, maya, password, sentence, clock, another):
    """128 are taken and 129 are not, a megabyte and a NUL are refused, and spaces alone are nothing."""
    ask_for_link(visitor, maya.email)

    response = set_password(visitor, link_in_letter(), password)

    if sentence:
        assert sentence in response.content.decode()
    else:
        assert another.give_password(maya, password)["Location"] == "/mfa/verify/"


def test_a_link_refuses_what_is_weak_before_it_costs_a_hash(visitor, maya, clock, hashes):
    ask_for_link(visitor, maya.email)

    for weak in ("x" * 900_000, "a\0" * 20, "Password123456"):
        assert "There is a problem" in set_password(visitor, link_in_letter(), weak).content.decode()

    assert hashes() == 0


# What it costs, and whom it tells -----------------------------------------------------------------------------------


@pytest.mark.parametrize("password", ["x" * 900_000, "x" * 129, "a\0b"])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_password_that_nobody_can_have_costs_no_hash(visitor, maya, password, is_known, clock, hashes):
    page = visitor.give_password(maya if is_known else "nobody@justice.example", password).content.decode()

    assert "There is a problem" in page
    assert hashes() == 0


def test_a_body_that_is_larger_than_any_form_is_refused_unread(visitor, maya, clock, hashes):
    assert visitor.give_password(maya, "x" * 1_000_001).status_code == 400
    assert hashes() == 0


@pytest.mark.parametrize("who", ["known", "unknown", "no password", "leaver", "leaver who knows it"])
def test_a_wrong_password_costs_one_hash_whoever_it_is_for(visitor, maya, who, clock, hashes):
    """S24: known, unknown, invited and gone take the same time."""
    address, password = maya.email, "not the password"
    maya.set_password(PASSWORD)
    if who == "unknown":
        address = "nobody@justice.example"
    elif who == "no password":
        maya.set_unusable_password()
    elif who.startswith("leaver"):
        maya.ends_on = timezone.localdate() - timezone.timedelta(days=1)
        password = PASSWORD if "knows" in who else password
    maya.save()
    before = hashes()

    page = visitor.give_password(address, password)

    assert "Your email address or password is wrong" in page.content.decode()
    assert hashes() - before == 1


def test_old_hashes_still_open_and_are_made_anew_at_sign_in(visitor, maya, clock, settings):
    settings.PASSWORD_HASHERS = [
        "portal.mfa.passwords.PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"
    ]  # fmt: skip
    maya.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    maya.save()

    assert visitor.give_password(maya)["Location"] == "/mfa/verify/"

    maya.refresh_from_db()
    assert maya.password.startswith("argon2$argon2id$v=19$m=47104,t=2,p=1$")
    assert check_password(PASSWORD, maya.password)
    assert visitor.sign_in(maya)


def test_the_portal_hashes_with_argon2id_first_and_only_reads_older_ones():
    import portal.settings

    assert portal.settings.PASSWORD_HASHERS == [
        "portal.mfa.passwords.PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"
    ]  # fmt: skip


# Not the old one, and nothing near it -------------------------------------------------------------------------------

NEAR = [
    "harbour lantern quilt 8",
    "harbour lantern quilt",
    "Harbour Lantern Quilt 7",
    "2027 harbour lantern quilt",
    "harbour lantern quilt 7!",
    "harbour lantern kilt 7",
    "harbor lantern quilt 7",
]


@pytest.mark.parametrize("near", NEAR)
def test_a_near_variant_of_the_old_password_is_refused_when_it_is_changed(maya, near):
    """R360: another number at either end, other capitals, one or two characters."""
    with pytest.raises(ValidationError, match="too much like your old one"):
        passwords.refuse_earlier(near, maya, old="harbour lantern quilt 7")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("harbour lantern quilt 7", "harbour lantern quilt 8"),
        ("harbour lantern quilt 9", "harbour lantern quilt 8"),
        ("harbour lantern quilt 5", "harbour lantern quilt 8"),
        ("harbour lantern quilt", "harbour lantern quilt 1"),
        ("harbour lantern quilt", "harbour lantern quilt1"),
        ("harbour lantern quilt", "Harbour lantern quilt"),
        ("harbour lantern quilt", "harbour lantern quilt!"),
        ("harbour lantern quilt1", "harbour lantern quilt"),
        ("Harbour lantern 2026!", "Harbour lantern 2027!"),
        ("7 harbour lanterns", "8 harbour lanterns"),
    ],
)
def test_a_likely_variant_is_refused_after_a_link_too(visitor, maya, old, new, clock):
    """R360: only the hash of the old one is there, so what people do is tried against it."""
    passwords.replace(maya, old)
    ask_for_link(visitor, maya.email)

    page = set_password(visitor, link_in_letter(), new)

    assert "too much like your old one" in page.content.decode()


@pytest.mark.parametrize("new", ["harbour lantern quilt 8", "harbour lantern quilt", "8 harbour lanterns", LONG[:128]])
def test_a_reset_never_makes_more_hashes_than_was_measured(visitor, maya, new, clock, hashes):
    """The figures of docs/adr/0008 hold: 8 for the old password, 5 for those before it, and 1 to keep the new one."""
    set_all(maya, *(f"another set of words {number:a>{number}}" for number in range(2, 9)))
    ask_for_link(visitor, maya.email)
    before = hashes()

    assert set_password(visitor, link_in_letter(), new)["Location"].endswith("/done/")

    assert hashes() - before <= 1 + passwords.GUESSES + passwords.REMEMBERED + 1


def test_different_words_are_near_nothing(maya):
    passwords.refuse_earlier("kettle violin tundra", maya, old="harbour lantern quilt")


EARLIER = ["first kettle violin", "second marble tundra", "third pebble saxophone", "fourth onion trapeze",
           "fifth glacier fjord", "sixth biscuit canyon"]  # fmt: skip


@pytest.mark.parametrize("again", EARLIER)
@pytest.mark.parametrize("by_link", [True, False])
def test_none_of_the_last_passwords_comes_back(maya, again, by_link):
    """R360: not the one that holds, none of the five before it."""
    set_all(maya, *EARLIER)

    with pytest.raises(ValidationError, match="used this password here before"):
        passwords.refuse_earlier(again, maya, old=None if by_link else EARLIER[-1])


def test_only_five_old_hashes_are_kept_and_they_are_hashes(maya):
    set_all(maya, *EARLIER, "seventh walrus teapot", "eighth lemon ferry")

    kept = list(PasswordUsed.objects.filter(user=maya).order_by("pk").values_list("hash", flat=True))

    assert len(kept) == 5
    assert all(map(check_password, [*EARLIER[2:], "seventh walrus teapot"], kept))
    passwords.refuse_earlier(EARLIER[0], maya, old="eighth lemon ferry")


def test_the_history_is_one_persons_own(maya, administrator):
    set_all(maya, *EARLIER)

    passwords.refuse_earlier(EARLIER[0], administrator, old=PASSWORD)


def test_a_first_password_has_no_history(visitor, clock):
    invited = make_person("invited@justice.example")
    User.objects.filter(pk=invited.pk).update(password=make_password(None))
    ask_for_link(visitor, invited.email)

    assert set_password(visitor, link_in_letter(), NEW)["Location"].endswith("/done/")

    assert not PasswordUsed.objects.filter(user=invited).exists()


def test_a_new_password_writes_nothing_but_itself(maya):
    """A deactivation that is made while the form is being judged stays made."""
    User.objects.filter(pk=maya.pk).update(is_active=False, security_epoch=7)

    passwords.replace(maya, NEW)

    maya.refresh_from_db()
    assert (maya.is_active, maya.security_epoch, maya.check_password(NEW)) == (False, 7, True)


# The page -----------------------------------------------------------------------------------------------------------


def test_the_pages_say_what_is_asked_before_anything_is_refused(visitor, another, maya, clock):
    """R359, R361."""
    visitor.sign_in(maya)
    ask_for_link(another, maya.email)

    for page in (visitor.get(CHANGE), another.client.get(link_in_letter(), follow=True)):
        text = page.content.decode()
        for advice in ("Three random words", "Longer is better", "12 to 128 characters", "nowhere else",
                       "Do not write it down", "not to your line manager", "not to MoJ Security"):  # fmt: skip
            assert advice in text
        assert 'data-module="govuk-password-input"' in text
        assert 'autocomplete="new-password"' in text
        assert "maxlength" not in text
