"""What is a good password, and how is it kept?  (R358-R361)

Nothing here asks for capitals, numbers or symbols, and no password expires: both make people choose worse ones.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import BusinessArea, User
from portal.audit import log

from . import actions, policy
from .letters import tell
from .models import EmailCode, PasswordUsed, ResetRequest

MIN_LENGTH = 12
MAX_LENGTH = 128
REMEMBERED = 5  # earlier passwords of a person, besides the one that holds
RUN = 4  # Neighbours on the keyboard or in the alphabet: more of them in a row than in any words.
FEWEST_CHARACTERS = 5  # different ones
FEWEST_LETTERS = 4  # Fewer say nothing: a password from a generator may hold the three of a common word.
GUESSES = 7  # variants that are tried against the old hash, besides the new password itself

# A password made of nothing but such words, the names of the business areas, the person's own name, and numbers is
# what somebody who knows us tries first.
OUR_WORDS = """
    ministry justice moj gov government uk england wales crown civil service servant public
    staff security secure portal intranet department
    hmpps hmcts hmp hm his her majesty majestys noms opg laa cica cps prison prisons prisoner jail gaol probation court
    courts tribunal tribunals guardian legal aid governor officer offender custody warden establishment
    password passphrase passcode passw pass word secret welcome login signin logon letmein admin administrator user
    changeme default test temp temporary hello
    spring summer autumn winter january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
    an and at by de du for in is la le my new of on our the this to
"""
LOOKALIKES = str.maketrans("0134578@$!|+", "oieastbasiit")
ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS = {pair for row in ROWS for way in (row, row[::-1]) for pair in pairwise(way)}


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with the costs that docs/adr/0008 measured; Django's default of 100 MiB and 8 lanes suits no pod."""

    time_cost = 2
    memory_cost = 47_104  # KiB: 46 MiB
    parallelism = 1


# Text ---------------------------------------------------------------------------------------------------------------


def normalised(password: str) -> str:
    """Return the one spelling of what somebody typed, whichever keyboard they typed it on.

    An "é" is one character from one keyboard and two from another, a space may be one that does not break, and a phone
    adds a space after the last word: none of it is visible, so none of it may matter.  NFKC is what NIST SP 800-63B
    names for this; it also says that spaces at the ends may be taken away.  Capitals and everything else count.

    What is much too long is returned as it came, for its length to be refused: to normalise a megabyte of accents takes
    longer than to check a password.
    """
    if len(password) > 4 * MAX_LENGTH:
        return password
    return unicodedata.normalize("NFKC", password).strip()


def folded(password: str) -> str:
    """Return the text without capitals and accents, for comparing."""
    letters = unicodedata.normalize("NFKD", password.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def stem(text: str) -> str:
    """Return the text without the numbers and symbols at its ends."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)


def cores(password: str) -> set[str]:
    """Return the letters that are left without numbers and symbols, and with those read as the letters they imitate."""
    text = stem(folded(password))
    letters = {"".join(filter(str.isalpha, reading)) for reading in (text, text.translate(LOOKALIKES))}
    return {core for core in letters if len(core) >= FEWEST_LETTERS}


def is_made_of(text: str, words: set[str]) -> bool:
    """Say whether the text is some of these words, one after the other."""
    reached = {0}
    longest = max(map(len, words), default=0)
    for end in range(1, len(text) + 1):
        if any(start in reached and text[start:end] in words for start in range(max(0, end - longest), end)):
            reached.add(end)
    return len(text) in reached


def words_of(*texts: str) -> set[str]:
    return {word for text in texts for word in re.findall(r"[^\W\d_]{2,}", folded(text))}


# Validators: the first that refuses speaks --------------------------------------------------------------------------


class LengthValidator:
    """12 characters or more (R358); 128 at most, so that nobody can make the portal work on a book."""

    def validate(self, password: str, user: User | None = None) -> None:
        if len(password) < MIN_LENGTH:
            raise ValidationError(f"Password must be {MIN_LENGTH} characters or more. Add another word")
        if len(password) > MAX_LENGTH:
            raise ValidationError(f"Password must be {MAX_LENGTH} characters or fewer. Leave something out")

    def get_help_text(self) -> str:
        return f"Use {MIN_LENGTH} to {MAX_LENGTH} characters."


class CommonPasswordValidator(password_validation.CommonPasswordValidator):
    """None of the 20,000 most common, with whatever numbers and symbols around it."""

    def validate(self, password: str, user: User | None = None) -> None:
        if not self.passwords.isdisjoint({password.lower(), folded(password), *cores(password)}):
            raise ValidationError(self.get_error_message())

    def get_error_message(self) -> str:
        return "This password is on the lists that attackers try first. Choose three words that do not belong together"

    def get_help_text(self) -> str:
        return "Do not use a common password."


class PersonalPasswordValidator(password_validation.UserAttributeSimilarityValidator):
    """Nothing like the person's own name or address."""

    def __init__(self) -> None:
        super().__init__(user_attributes=("email", "full_name"))

    def get_error_message(self) -> str:
        return "Password is too much like your name or email address. Choose words that have nothing to do with you"

    def get_help_text(self) -> str:
        return "Do not use your name or email address."


class OwnWordsValidator:
    """Something besides the organisation's words, the names of its places, the person's own name, and numbers."""

    def validate(self, password: str, user: User | None = None) -> None:
        areas = BusinessArea.objects.values_list("name", flat=True)
        own = (user.full_name, user.email) if user is not None else ()
        words = words_of(OUR_WORDS, *areas, *own)
        if any(is_made_of(core, words) for core in cores(password)):
            raise ValidationError(
                "Password must not be only your name and words about the ministry or its work. Add other words"
            )

    def get_help_text(self) -> str:
        return "Do not use only your name, names of prisons, or words about the ministry."


class PatternValidator:
    """No run of numbers, letters or keys, and nothing typed again and again."""

    def validate(self, password: str, user: User | None = None) -> None:
        text = folded(password)
        if text.isdigit():
            raise ValidationError("Password must not be only numbers. Choose three words instead")
        jumps = sum(one != next_ and (one, next_) not in NEIGHBOURS for one, next_ in pairwise(text))
        again = any(re.fullmatch(r"(.+?)\1+", part) for part in (text, re.sub(r"[\W_]", "", text)))
        if len(set(text)) < FEWEST_CHARACTERS or jumps * RUN <= len(text) or again:
            raise ValidationError("Password must not repeat itself or follow the keyboard. Choose three words instead")

    def get_help_text(self) -> str:
        return "Do not repeat one word, or follow the keys of the keyboard."


def refuse_weak(password: str, user: User | None) -> None:
    """Refuse a password for the first fault found: one sentence helps more than five.

    :raises ValidationError: what is wrong, and what to do.
    """
    for validator in password_validation.get_default_password_validators():
        validator.validate(password, user)


# Not the old one, and nothing near it (R360) ------------------------------------------------------------------------


def edits(one: str, other: str) -> int:
    """Return how many characters must be added, taken away or changed to turn one text into the other."""
    row = list(range(len(other) + 1))
    for above, letter in enumerate(one, start=1):
        before, row[0] = row[0], above
        for at, another in enumerate(other, start=1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (letter != another))
    return row[-1]


def is_near(new: str, old: str) -> bool:
    """Say whether somebody who knows the old password would find the new one in a few tries."""
    new, old = folded(new), folded(old)
    return edits(new, old) <= 2 or (stem(new) != "" and stem(new) == stem(old))


def likely_earlier(new: str) -> Iterator[str]:
    """Yield what the old password was if the new one is it with another number or capitals, the likeliest first."""
    text, number, rest = re.fullmatch(r"(.*?)(\d{0,4})(\D*)", new, re.DOTALL).groups()
    if number:
        counted = (int(number) - step for step in (1, -1, 2, 3, -2, -3))
        last, *others = (f"{text}{count:0{len(number)}}{rest}" for count in counted if count >= 0)
        yield from (last, f"{text}{rest}".strip(), text.strip())
    else:
        others = [f"{new}{ending}" for ending in ("1", "!", "2", "01")]
        yield stem(new)
    yield from (new.lower(), new[:1].swapcase() + new[1:])
    yield from others


def guesses(new: str) -> list[str]:
    variants = dict.fromkeys(likely_earlier(new))  # in order, and each once: a hash is dear
    return [guess for guess in variants if guess != new and len(guess) >= MIN_LENGTH][:GUESSES]


def refuse_earlier(password: str, user: User, *, old: str | None = None) -> None:
    """Refuse the password that holds, what is near it, and the five before it.

    With the old password at hand the two are compared.  Without it, after a link was followed, there is only its hash,
    and a few likely variants are tried: never more hashes than ``1 + GUESSES + REMEMBERED``.

    :raises ValidationError: what is wrong, and what to do.
    """
    if old is not None:
        if password == old:
            raise used_before()
        if is_near(password, old):
            raise too_near()
    elif user.has_usable_password():
        if check_password(password, user.password):
            raise used_before()
        if any(check_password(guess, user.password) for guess in guesses(password)):
            raise too_near()
    if any(check_password(password, used.hash) for used in PasswordUsed.objects.filter(user=user)):
        raise used_before()


def too_near() -> ValidationError:
    return ValidationError("Password is too much like your old one. Choose different words, not another number")


def used_before() -> ValidationError:
    return ValidationError("You have used this password here before. Choose one that is new")


# Actions ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def change(*, password: str, by: User) -> None:
    """Give this person another password, at their own wish; every session but the one they do it in ends."""
    replace(by, password)
    log.record(actor=by, action="door.password_changed", target=by)
    tell(by, "password_changed")


@transaction.atomic
def reset(*, user: User, password: str) -> None:
    """Set the password of whoever followed a link from their mailbox.

    The mailbox has then given one proof, so codes to it are no second one any more (ASVS 6.4.3).  Whoever has no factor
    yet sets a first password, by an invitation; a rule that forbids e-mail codes today may end, so the device counts
    even where it may not be used.  Who waits to enrol again, or may, has given their word as knowing the password; only
    who came back has none to know, and sets it after two people have released that.
    """
    had_password = User.objects.locked(user).has_usable_password()
    replace(user, password)
    chose_codes = EmailCode.objects.filter(user=user, confirmed=True)
    enrols_again = ResetRequest.objects.alive().filter(person=user)
    if not had_password:
        enrols_again = enrols_again.filter(released_at=None)
    if policy.has_factor(user) or chose_codes.exists() or enrols_again.exists():
        actions.suspend_email_codes(user)
    log.record(actor=None, action="door.password_reset", target=user)


def replace(user: User, password: str) -> None:
    """Give this person another password, and remember the hash of the one that it replaces.

    Only this column is written: the instance may be older than what an administrator has just changed.
    """
    held = User.objects.locked(user)
    if held.has_usable_password():
        PasswordUsed.objects.create(user=user, hash=held.password, replaced_at=timezone.now())
        kept = PasswordUsed.objects.filter(user=user).order_by("-pk")[:REMEMBERED]
        PasswordUsed.objects.filter(user=user).exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    user.set_password(password)
    user.save(update_fields=["password"])
