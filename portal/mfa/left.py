"""Who will have nothing that still does once a rule begins, and how are they told?"""

import datetime
import itertools
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from portal.accounts.models import Role, RoleHeld, User
from portal.notifications import outbox
from portal.notifications.models import Message
from portal.ui.wording import govuk_date, lower_first

from .areas import Rules, in_words
from .models import FactorRule, RecoveryCodes, RecoveryPhone

What = FactorRule.What
SET = "set"  # the key of the message that a rule was set
REMINDERS = (28, 14, 7, 1)  # days before a rule begins
BATCH = 1000

PERSON = OuterRef("pk")
HAS_APP = Q(Exists(TOTPDevice.objects.filter(user=PERSON, confirmed=True)))
HAS_KEY = Q(Exists(WebAuthnCredential.objects.filter(user=PERSON, confirmed=True)))
HAS_EMAIL_CODES = Q(Exists(EmailDevice.objects.filter(user=PERSON, confirmed=True)))
HAS_PHONE = Q(Exists(RecoveryPhone.objects.filter(user=PERSON, confirmed=True, verified_at__isnull=False)))
HAS_RECOVERY_CODES = Q(
    Exists(StaticToken.objects.filter(device__user=PERSON, device__confirmed=True, device__name=RecoveryCodes.NAME))
)
#: Whom a rule that raises the bar leaves behind.
LEFT = {
    What.EMAIL_CODES: HAS_EMAIL_CODES & ~HAS_APP & ~HAS_KEY,
    What.RECOVERY_PHONE: HAS_PHONE & ~HAS_RECOVERY_CODES,
    What.KEYS_ONLY: ~HAS_KEY,
}
TO_DO = {
    What.EMAIL_CODES: "Set up an authenticator app or a security key before that day.",
    What.RECOVERY_PHONE: "Make new recovery codes and keep them in a safe place: your recovery phone stops working.",
    What.KEYS_ONLY: "Add a security key before that day. From then on nothing else opens until you have one.",
}


def here() -> Q:
    """Return the condition that picks who works here today."""
    return Q(is_active=True) & (Q(ends_on=None) | Q(ends_on__gte=timezone.localdate()))


def people_left(rule: FactorRule) -> QuerySet[User]:
    """Return the people whom this rule, which raises the bar, leaves behind as things stand now."""
    people = User.objects.filter(here(), business_area__in=Rules().ruled_by(rule))
    return people.filter(LEFT[What(rule.what)]).order_by("pk")


def left_by_any() -> Q:
    """Return the condition that picks whom today's rules, or those announced, leave behind."""
    rules, found = Rules(), Q(pk__in=())
    for what, condition in LEFT.items():
        asking = set().union(*(rules.asking(what, day) for day in rules.days))
        where = Q(business_area__in=asking)
        if what != What.KEYS_ONLY:
            where |= Q(business_area=None)  # What no area says is off.
        found |= where & condition
    return here() & found


# Telling --------------------------------------------------------------------------------------------------------------


def tell_administrators(rule: FactorRule, *, key: str = SET) -> None:
    """Tell the administrators of the areas of a rule, and how many of theirs it leaves behind."""
    for administrator, number in administrators(rule):
        outbox.enqueue(
            recipients=[administrator], template="sign-in-rule-number", key=f"{name(rule)}:{key}",
            link=f"{reverse('people:sign-in-people')}?state=left",
            raises=int(rule.raises_the_bar), left=number, **facts_of(rule),
        )  # fmt: skip


@transaction.atomic
def tell_taken_back(rule: FactorRule) -> None:
    """Tell those who were told of a rule that it does not come."""
    facts = facts_of(rule)
    people = people_left(rule) if rule.raises_the_bar else ()
    for batch in batches(itertools.chain(people, [one for one, _ in administrators(rule)])):
        outbox.enqueue(
            recipients=batch, template="sign-in-rule-taken-back", key=f"{name(rule)}:taken-back",
            link=reverse("mfa:security"), rule=facts["rule"], from_on=facts["from_on"],
        )  # fmt: skip


def remind() -> None:
    """Tell everybody who is left once a rule is announced, and 28, 14, 7 and 1 days before (runs on a schedule).

    Ten thousand messages take too long for the page that announces.  It may run as often as it likes: whoever has a
    message is passed over.  A reminder whose day was missed is sent later; one that fell before the announcement is
    not.
    """
    today = timezone.localdate()
    for rule in FactorRule.objects.filter(from_on__gte=today).select_related("business_area").order_by("from_on"):
        if rule.raises_the_bar:
            tell_people(rule, key=SET, template="sign-in-rule-announced")
            if days := reminder_due(rule, today):
                tell_people(rule, key=str(days), template="sign-in-rule-reminder")
                tell_administrators(rule, key=str(days))


def reminder_due(rule: FactorRule, today: datetime.date) -> int | None:
    """Return how many days ahead the latest reminder was due that is due by now."""
    passed = [days for days in REMINDERS if 0 < (rule.from_on - today).days <= days]
    latest = min(passed, default=None)
    if latest is None or rule.from_on - datetime.timedelta(days=latest) <= timezone.localdate(rule.announced_at):
        return None
    return latest


def tell_people(rule: FactorRule, *, key: str, template: str) -> None:
    """Owe a message to each person left who has none of this key; a batch at a time, so that little is lost."""
    key, facts = f"{name(rule)}:{key}", facts_of(rule)
    has_one = Message.objects.filter(recipient=PERSON, template=template, dedupe_key__startswith=f"{key}:")
    people = list(people_left(rule).exclude(Exists(has_one)).only("pk"))
    for batch in batches(people):
        with transaction.atomic():
            outbox.enqueue(recipients=batch, template=template, key=key, link=reverse("mfa:security"), **facts)


def administrators(rule: FactorRule) -> list[tuple[User, int]]:
    """Return the administrators of the areas where this rule holds, each with how many of theirs it leaves behind."""
    rules = Rules()
    ruled = rules.ruled_by(rule)
    numbers: dict[int, int] = {}
    if rule.raises_the_bar:
        counted = people_left(rule).order_by().values("business_area").annotate(number=Count("pk"))
        numbers = dict(counted.values_list("business_area", "number"))
    found: dict[User, set[int]] = {}
    for held in RoleHeld.objects.in_force().filter(role=Role.AREA_ADMINISTRATOR).select_related("person"):
        if held.person.is_here and (theirs := rules.inside(held.business_area_id) & ruled):
            found.setdefault(held.person, set()).update(theirs)
    return [(person, sum(numbers.get(area, 0) for area in areas)) for person, areas in found.items()]


def name(rule: FactorRule) -> str:
    """Name a rule in the keys of its messages; one that is taken back and set again is another."""
    return f"rule:{rule.pk}:{rule.from_on}:{rule.announced_at:%Y%m%d%H%M%S}"


def facts_of(rule: FactorRule) -> dict[str, str]:
    return {
        "rule": lower_first(in_words(rule)),
        "from_on": govuk_date(rule.from_on),
        "area": str(rule.business_area),
        "to_do": TO_DO[What(rule.what)],
    }


def batches(people: Iterable[User]) -> Iterable[list[User]]:
    people = iter(people)
    while batch := list(itertools.islice(people, BATCH)):
        yield batch
