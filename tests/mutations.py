"""Would the tests notice if a defence of the door were gone?

    python -m tests.mutations             every one of the table, in a copy of the tree
    python -m tests.mutations lock stages only those whose name holds one of these words

With DATABASE_URL of a PostgreSQL the test database is made once, which is a good deal faster.  Each line takes one defence out of a file and says which tests must go red.  What stays green is printed: it needs a
test, or is no defence.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "var", "node_modules", "__pycache__", ".*_cache")

ATTACKS = "tests/attacks/sign_in"
SIGNING_IN = f"{ATTACKS}/test_signing_in.py"
CODES = f"{ATTACKS}/test_guessing_and_replaying_codes.py"
RECOVERY = f"{ATTACKS}/test_recovery_and_reset.py"
ADMIN = f"{ATTACKS}/test_the_admin_site.py"
STOLEN = f"{ATTACKS}/test_acting_without_a_fresh_code.py"
ADDRESSES = f"{ATTACKS}/test_every_address.py"
DOOR = "tests/portal/mfa"
BACK_DOOR = "tests/attacks/test_recovery_as_the_back_door.py"
SENT = f"tests/attacks/test_codes_that_are_sent.py {RECOVERY} {DOOR}/test_rules.py"


class Mutation(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    tests: str


M = Mutation
MUTATIONS = (
    # What a person may use
    M("policy: an app that nobody confirmed", "portal/mfa/policy.py",
      "return TOTP.objects.filter(user=user, confirmed=True)", "return TOTP.objects.filter(user=user)", f"{CODES} {DOOR}"),
    M("policy: a used-up set of recovery codes", "portal/mfa/policy.py",
      "confirmed=True, token_set__isnull=False)\n    return found.exclude", "confirmed=True)\n    return found.exclude", f"{CODES} {DOOR}"),
    M("policy: a break-glass code that is too old", "portal/mfa/policy.py",
      "return found if found and found.is_live else None", "return found", f"{SIGNING_IN} {RECOVERY} {DOOR}"),
    M("policy: email codes where the rule ended", "portal/mfa/policy.py",
      "return chosen if chosen and may_use_email_codes(user) else None", "return chosen", SENT),
    M("policy: a phone that has not settled", "portal/mfa/policy.py",
      "settled = timezone.now() - PHONE_SETTLES", "settled = timezone.now()", SENT),
    M("policy: recovery as a proof inside a session", "portal/mfa/policy.py",
      'return usual if purpose == "prove" else', 'return [*usual, *factors(user, "recover")] if purpose == "prove" else', f"{STOLEN} {DOOR}"),
    M("policy: email codes beside something stronger", "portal/mfa/policy.py",
      "usual = strong_factors(user) or [one for", "usual = strong_factors(user) + [one for", SENT),
    M("policy: enrolment that was closed", "portal/mfa/policy.py",
      "not user.enrolment_open or factors(user)", "factors(user)", f"{RECOVERY} {SIGNING_IN} {DOOR}"),
    M("policy: enrolment beside a factor", "portal/mfa/policy.py",
      "not user.enrolment_open or factors(user)", "not user.enrolment_open", f"{SIGNING_IN} {RECOVERY} {DOOR}"),
    M("policy: enrolment of a leaver", "portal/mfa/policy.py",
      "if not user.is_here or not user.enrolment_open", "if not user.enrolment_open", f"{SIGNING_IN} {RECOVERY} {DOOR}"),
    M("policy: a released enrolment that is too late", "portal/mfa/policy.py",
      "return not is_too_late and state", "return state", f"{SIGNING_IN} {RECOVERY} {DOOR}"),
    M("policy: enrolment by the mailbox alone", "portal/mfa/policy.py",
      "return not is_too_late and state.email_codes_suspended_at is None", "return not is_too_late", SENT),
    M("policy: a session whose factor is not allowed any more", "portal/mfa/policy.py",
      "return not isinstance(device, EmailCode) or may_use_email_codes(user)", "return True", SENT),
    M("policy: email codes after a reset by email", "portal/mfa/policy.py",
      "and not SignInState.objects.filter(user=user, email_codes_suspended_at__isnull=False).exists()", "", SENT),
    M("policy: email codes of an administrator", "portal/mfa/policy.py",
      "return not is_privileged(user) and is_allowed(FactorRule.What.EMAIL_CODES", "return is_allowed(FactorRule.What.EMAIL_CODES", SENT),
    M("policy: a phone of an administrator", "portal/mfa/policy.py",
      "not is_privileged(user)\n        and is_allowed(FactorRule.What.RECOVERY_PHONE", "is_allowed(FactorRule.What.RECOVERY_PHONE", SENT),
    M("policy: a role as a privilege", "portal/mfa/policy.py",
      "user.is_superuser or user.is_staff or bool(user.roles)", "user.is_superuser or user.is_staff", SENT),
    M("policy: only an app or a key opens the admin site", "portal/mfa/policy.py",
      "return isinstance(device, STRONG)", "return True", f"{ADMIN}"),
    M("policy: a recovery session stays narrow", "portal/mfa/policy.py",
      "return is_recovery(device) or device.must_replace", "return device.must_replace", f"{RECOVERY} {DOOR}/test_recovery.py"),
    M("policy: the old app after a recovery", "portal/mfa/policy.py",
      "return is_recovery(device) or device.must_replace", "return is_recovery(device)", f"{RECOVERY} {DOOR}/test_recovery.py"),
    M("policy: a known network at both ends", "portal/mfa/policy.py",
      "if is_known_network(proved_from) and is_known_network(now_from)", "if is_known_network(proved_from)", "tests/attacks/test_sessions.py tests/portal/mfa"),
    M("policy: a known network where the proof was given", "portal/mfa/policy.py",
      "if is_known_network(proved_from) and is_known_network(now_from)", "if is_known_network(now_from)", "tests/attacks/test_sessions.py tests/portal/mfa"),
    # The one door for codes
    M("otp: the lock after ten", "portal/mfa/otp.py",
      "if refusal := lock_of(state):\n            pass", "if False:\n            pass", f"{CODES}"),
    M("otp: the delay after a wrong code", "portal/mfa/otp.py",
      "elif seconds := wait():", "elif seconds := 0:", f"{CODES}"),
    M("otp: a failure is counted", "portal/mfa/otp.py",
      "    state.failures += 1\n", "", f"{CODES}"),
    M("otp: a success sets the count back", "portal/mfa/otp.py",
      "            state.failures, state.last_failure_at = 0, None\n            state.save", "            state.save", f"{CODES}"),
    M("otp: no code inside another transaction", "portal/mfa/otp.py",
      "with transaction.atomic(durable=True):", "with transaction.atomic():", f"{DOOR}/test_codes.py"),
    M("otp: a lock holds up sending too", "portal/mfa/otp.py",
      "refusal = lock_of(state) or send_under_lock(", "refusal = send_under_lock(", SENT),
    M("otp: so many codes a day", "portal/mfa/otp.py",
      "if sends >= settings.PORTAL_SENDS_A_DAY:", "if False:", SENT),
    M("otp: a proof from the future", "portal/mfa/otp.py",
      "return -60 <= age <= limit", "return age <= limit", f"{STOLEN}"),
    M("otp: a new key after a proof", "portal/mfa/otp.py",
      "    request.session.cycle_key()\n    UserSession", "    UserSession", f"{DOOR}/test_recovery.py tests/attacks/test_sessions.py"),
    M("otp: the owner is told of a lock", "portal/mfa/otp.py",
      'until=until, failures=state.failures\n        )\n        tell(state.user, "sign_in_locked")', "until=until, failures=state.failures\n        )", f"{CODES}"),
    # What is kept of a factor
    M("devices: six numbers and nothing else", "portal/mfa/models/devices.py",
      'if not re.fullmatch(r"[0-9]{6}", token):', "if False:", f"{CODES} {DOOR}/test_codes.py"),
    M("devices: a seed is sealed", "portal/mfa/models/devices.py",
      "        if not crypto.is_sealed(self.key):\n", "        if False:\n", f"{DOOR}/test_codes.py {SIGNING_IN}"),
    M("devices: recovery codes are digested", "portal/mfa/models/devices.py",
      "return super().verify_token(self.digest(token))\n\n    def knows", "return super().verify_token(token)\n\n    def knows", f"{CODES} {RECOVERY}"),
    M("devices: earlier recovery codes die", "portal/mfa/models/devices.py",
      "        self.token_set.all().delete()\n        StaticToken.objects.bulk_create", "        StaticToken.objects.bulk_create", f"{CODES}"),
    M("devices: a sent code is bound to its session", "portal/mfa/models/devices.py",
      'crypto.digest("sent code", self.persistent_id, purpose, nonce, code)', 'crypto.digest("sent code", self.persistent_id, purpose, code)', SENT),
    M("devices: a sent code is bound to its purpose", "portal/mfa/models/devices.py",
      'crypto.digest("sent code", self.persistent_id, purpose, nonce, code)', 'crypto.digest("sent code", self.persistent_id, nonce, code)', SENT),
    M("devices: a sent code lasts five minutes", "portal/mfa/models/devices.py",
      "VALID = datetime.timedelta(minutes=5)", "VALID = datetime.timedelta(minutes=50)", SENT),
    M("devices: a minute between two sent codes", "portal/mfa/models/devices.py",
      "        if not allowed:\n            return None\n        code =", "        code =", SENT),
    M("devices: a code goes to the address that signs in", "portal/mfa/models/devices.py",
      "filter(user_id=self.user_id, primary=True, verified=True)", "filter(user_id=self.user_id)", SENT),
    M("devices: a delay has an end", "portal/mfa/models/devices.py",
      'until = min(facts["locked_until"], self.throttling_failure_timestamp + settings.PORTAL_LOCK_FOR)', 'until = facts["locked_until"]', f"{DOOR}/test_codes.py"),
    M("crypto: a seed is bound to its owner", "portal/crypto.py",
      "decrypt(blob[:NONCE], blob[NONCE:], owner.encode())", "decrypt(blob[:NONCE], blob[NONCE:], blob[:0] + owner.encode()) or b''", f"{DOOR}/test_codes.py"),
    M("state: the hard lock", "portal/mfa/models/state.py",
      "return self.failures >= settings.PORTAL_LOCK_HARD_AFTER", "return False", f"{CODES} {DOOR}/test_codes.py"),
    # The steps of signing in
    M("stages: a pending sign-in dies with its credentials", "portal/mfa/stages.py",
      'return bool(user and user.is_here and self.state.get("bound_to") == user.get_session_auth_hash())', "return bool(user)", f"{SIGNING_IN}"),
    M("stages: a new key after the password", "portal/mfa/stages.py",
      "            self.request.session.cycle_key()\n", "", f"{SIGNING_IN}"),
    M("stages: nobody resumes another's sign-in", "portal/mfa/stages.py",
      "they start from the beginning.\n        return False", "they start from the beginning.\n        return True", f"{SIGNING_IN} {DOOR}/test_sign_in.py"),
    M("stages: enrolment that is closed", "portal/mfa/stages.py",
      "        if not policy.may_enrol(user):\n", "        if False:\n", f"{RECOVERY} {SIGNING_IN}"),
    M("stages: the mailbox before a first app", "portal/mfa/views/stages.py",
      'return bool(self.stage.state.get("mailbox"))', "return True", SENT),
    M("stages: the seal wants a confirmed device", "portal/mfa/stages.py",
      "device and device.confirmed and device.user_id", "device and device.user_id", f"{SIGNING_IN}"),
    M("stages: the seal wants the person's own device", "portal/mfa/stages.py",
      "device.confirmed and device.user_id == user.pk:", "device.confirmed:", f"{SIGNING_IN}"),
    M("stages: the seal wants somebody who is here", "portal/mfa/stages.py",
      "if user and user.is_here and device and", "if user and device and", f"{SIGNING_IN}"),
    M("stages: a page of a step wants its step", "portal/mfa/views/stages.py",
      "        if self.stage is None:\n            return HttpResponseRedirect(resolve_url(\"account_login\"))\n        if not self.stage.is_valid():\n            return self.stage.abort()\n", "        if self.stage is None:\n            return HttpResponseRedirect(resolve_url(\"account_login\"))\n", f"{SIGNING_IN}"),
    # Where the portal differs from allauth
    M("adapter: no session without the seal", "portal/mfa/adapter.py",
      "if device is None or not user.is_here:", "if not user.is_here:", f"{SIGNING_IN}"),
    M("adapter: no session for a leaver", "portal/mfa/adapter.py",
      "if device is None or not user.is_here:", "if device is None:", f"{SIGNING_IN}"),
    M("adapter: nobody signs up", "portal/mfa/adapter.py",
      "def is_open_for_signup(self, request: HttpRequest) -> bool:\n        return False", "def is_open_for_signup(self, request: HttpRequest) -> bool:\n        return True", f"{SIGNING_IN}"),
    M("adapter: one stays here after signing in", "portal/mfa/adapter.py",
      "return url_has_allowed_host_and_scheme(url, allowed_hosts=None)", "return True", f"{SIGNING_IN}"),
    M("adapter: an unknown address is not written down", "portal/mfa/adapter.py",
      "first() or letters.nobody()", "first() or User(pk=0, full_name=address)", f"{ATTACKS}/test_finding_out_who_has_an_account.py"),
    M("backend: a leaver's password counts for nothing", "portal/mfa/backend.py",
      "return user.is_here", "return True", f"{ATTACKS} {DOOR}/test_sessions.py"),
    M("backend: a leaver is told what anybody is told", "portal/mfa/backend.py",
      "return super()._stash_user(None)", "return super()._stash_user(user)", f"{ATTACKS}/test_finding_out_who_has_an_account.py"),
    # The second line
    M("middleware: a session without a second factor", "portal/mfa/middleware.py",
      "        if not request.user.is_verified():\n", "        if False:\n", f"{ADDRESSES} {DOOR}/test_sessions.py"),
    M("middleware: a factor that is not allowed any more", "portal/mfa/middleware.py",
      "if not policy.may_use(request.user, device):", "if False:", f"{ADDRESSES} tests/attacks/test_codes_that_are_sent.py"),
    M("middleware: after a recovery nothing but the new app", "portal/mfa/middleware.py",
      "if policy.must_replace(device):", "if False:", f"{RECOVERY}"),
    M("middleware: idle and old sessions", "portal/mfa/middleware.py",
      "if ended := sessions.limit_met(request.session):", "if ended := '':", "tests/attacks/test_sessions.py"),
    M("middleware: a session of a leaver does not wake", "portal/mfa/middleware.py",
      "        elif SESSION_KEY in request.session:", "        elif False:", f"{DOOR}/test_sessions.py tests/attacks/test_sessions.py"),
    M("middleware: a code again in time", "portal/mfa/middleware.py",
      "            if sessions.is_proof_overdue(request):\n", "            if False:\n", "tests/attacks/test_sessions.py"),
    M("middleware: a code again before a post", "portal/mfa/middleware.py",
      "elif sessions.is_proof_overdue(request, grace", "elif False and sessions.is_proof_overdue(request, grace", f"{DOOR} tests/attacks/test_sessions.py"),
    M("sessions: a start in the future", "portal/mfa/sessions.py",
      "if passed >= -CLOCK_SLACK else -1.0", "", f"{ATTACKS}/test_acting_in_a_stolen_session.py tests/attacks/test_sessions.py"),
    M("sessions: the epoch ends all others", "portal/mfa/sessions.py",
      "    actions.end_sessions(by)\n    for row in others", "    for row in others", "tests/attacks/test_sessions.py tests/portal/mfa"),
    M("accounts: privilege is part of the session", "portal/accounts/models.py",
      "{self.is_staff}|{self.is_superuser}", "", f"{SIGNING_IN} {DOOR}/test_sessions.py tests/attacks/test_sessions.py"),
    M("accounts: the epoch is part of the session", "portal/accounts/models.py",
      "{self.password}|{self.security_epoch}|", "{self.password}|", f"{SIGNING_IN} {DOOR}/test_sessions.py"),
    # Proving it again
    M("stepup: the proof is asked for", "portal/mfa/stepup.py",
      "return self.proof is None or not otp.proved_within(self.request, self.proof)", "return False", f"{STOLEN}"),
    M("stepup: bound to this one act", "portal/mfa/stepup.py",
      "return self.proof is None or not otp.proved_within(self.request, self.proof)", "return not otp.proved_within(self.request, self.proof or self.SITTING)", f"{STOLEN}"),
    M("stepup: the proof is checked", "portal/mfa/stepup.py",
      "            try:\n                self.prove()\n", "            try:\n                pass\n", f"{STOLEN}"),
    # The admin site
    M("admin: a strong factor", "portal/mfa/admin_site.py",
      "return super().has_permission(request) and policy.is_strong(request.user.otp_device)", "return super().has_permission(request)", f"{ADMIN}"),
    M("admin: only what is on its list", "portal/mfa/admin_site.py",
      "            if model._meta.label_lower in SHOWN:\n", "            if True:\n", f"{ADMIN}"),
    M("admin: nobody changes anything", "portal/mfa/admin_site.py",
      "def has_change_permission(self, request: HttpRequest, obj=None) -> bool:\n        return False", "def has_change_permission(self, request: HttpRequest, obj=None) -> bool:\n        return True", f"{ADMIN}"),
    M("admin: nobody adds anybody", "portal/mfa/admin_site.py",
      "def has_add_permission(self, request: HttpRequest) -> bool:\n        return False", "def has_add_permission(self, request: HttpRequest) -> bool:\n        return True", f"{ADMIN}"),
    M("admin: no hash of a password", "portal/mfa/admin_site.py",
      'HIDDEN_FIELDS = ("password", ', "HIDDEN_FIELDS = (", f"{ADMIN}"),
    # Passwords, addresses, phones
    M("passwords: a reset stops codes to the mailbox", "portal/mfa/passwords.py",
      "        actions.suspend_email_codes(user)\n", "        pass\n", f"{RECOVERY}"),
    M("passwords: an unknown address costs the same", "portal/mfa/letters.py",
      "with outbox.kept_if(user.pk != nobody().pk):", "if user.pk != nobody().pk:", f"{ATTACKS}/test_finding_out_who_has_an_account.py"),
    M("addresses: the link carries the credentials", "portal/mfa/addresses.py",
      "or not constant_time_compare(standing(person), stood)", "", f"tests/attacks/test_changing_an_address.py {DOOR}"),
    M("actions: an app that is replaced ends sessions", "portal/mfa/actions.py",
      "    codes = confirm(device)\n    end_sessions(user)\n", "    codes = confirm(device)\n", f"{RECOVERY}"),
    M("actions: the old app goes", "portal/mfa/actions.py",
      "    TOTP.objects.filter(user=user).exclude(pk=device.pk).delete()\n", "", f"{RECOVERY} {DOOR}/test_recovery.py"),
    M("actions: enrolment closes", "portal/mfa/actions.py",
      "    User.objects.filter(pk=user.pk).update(enrolment_open=False)\n", "", f"{DOOR}/test_sign_in.py {SIGNING_IN}"),
    M("phones: no foreign number", "portal/mfa/phones.py",
      'phonenumbers.region_code_for_number(number) == "GB"', "True", SENT),
    M("phones: no premium-rate number", "portal/mfa/phones.py",
      "phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE", "True", SENT),
    M("phones: the password beside the code", "portal/mfa/views/phone.py",
      "        self.check_password(form.cleaned_data[\"password\"])\n", "", SENT),
    M("people: roles end sessions", "portal/people/actions/roles.py",
      "    end_sessions(person)\n", "", "tests/attacks/test_becoming_an_administrator.py tests/portal/people/test_roles.py"),
    # The way back for somebody who lost everything, the emergency way, a new key, and the start
    M("resets: nobody releases their own", "portal/mfa/resets.py",
      '    if user.pk == person.pk:\n        return "Nobody', '    if False:\n        return "Nobody', BACK_DOOR),
    M("resets: two different people", "portal/mfa/resets.py",
      "if any(one.released_by_id == user.pk for one in given):", "if False:", BACK_DOOR),
    M("resets: whose own sign-in was just reset", "portal/mfa/resets.py",
      "    if is_settling(user):", "    if False:", BACK_DOOR),
    M("resets: people with privileges", "portal/mfa/resets.py",
      '        if not is_user_administrator(user):\n            return "This', '        if False:\n            return "This', BACK_DOOR),
    M("resets: the line of people with privileges", "portal/mfa/resets.py",
      "        if is_of_line:\n            return", "        if False:\n            return", BACK_DOOR),
    M("resets: the service desk asks for an administrator", "portal/mfa/resets.py",
      "    if policy.is_privileged(person):\n        return user.pk != person.pk and is_user", "    if False:\n        return user.pk != person.pk and is_user", BACK_DOOR),
    M("resets: a release of somebody who has lost the role", "portal/mfa/resets.py",
      "if counts(one)]", "]", f"{BACK_DOOR} {DOOR}/test_resets.py"),
    M("resets: a password reset by email while one waits", "portal/mfa/resets.py",
      "if state.email_codes_suspended_at and", "if False and", BACK_DOOR),
    M("resets: a password reset by email after the release", "portal/mfa/passwords.py",
      " or enrols_again.exists()", "", BACK_DOOR),
    M("resets: two releases", "portal/mfa/resets.py",
      "if len(given) < RELEASES_NEEDED:", "if len(given) < 1:", BACK_DOOR),
    M("resets: sessions end", "portal/mfa/resets.py",
      "    actions.end_sessions(person)\n    User.objects", "    User.objects", f"{DOOR}/test_resets.py"),
    M("resets: one of the line", "portal/mfa/resets.py",
      "is_of_the_line(user, request.person) and any(", "False and any(", f"{DOOR}/test_resets.py"),
    M("resets: enrolment that is closed", "portal/mfa/stages.py",
      "        if not policy.may_enrol(user):", "        if False:", BACK_DOOR),
    M("resets: a code for each release", "portal/people/views/resets.py",
      "class SettlePage(ResetPage, ProvedPage, FormPage)", "class SettlePage(ResetPage, FormPage)", BACK_DOOR),
    M("resets: a code for asking", "portal/people/views/resets.py",
      "class AskForSomebody(ProvedPage, FormPage)", "class AskForSomebody(FormPage)", BACK_DOOR),
    M("resets: of no concern to others", "portal/people/views/resets.py",
      " or not resets.can_see(self.request.user, found)", "", BACK_DOOR),
    M("break-glass: two others", "portal/mfa/break_glass.py",
      "if len({person.pk, by.pk, and_by.pk}) < 3:", "if False:", f"{DOOR}/test_break_glass.py"),
    M("break-glass: a leaver", "portal/mfa/break_glass.py",
      "if not person.is_here:", "if False:", f"{DOOR}/test_break_glass.py"),
    M("rotation: a row changed meanwhile", "portal/mfa/rotation.py",
      "**{sealed.field: old})", "**{})", f"{ATTACKS}/test_changing_the_key.py"),
    M("start: refused", "portal/mfa/checks.py",
      "    if found:\n        sentences", "    if False:\n        sentences", f"{DOOR}/test_start.py"),
    M("start: DEBUG", "portal/mfa/checks.py",
      "    if settings.DEBUG:", "    if False:", f"{DOOR}/test_start.py"),
    M("start: the worker", "portal/celery.py",
      "sys.exit(str(fault))", "raise", f"{DOOR}/test_start.py"),
    M("start: people of the demonstration", "portal/mfa/checks.py",
      "is_demo=True, is_active=True", "is_demo=True, is_active=False", f"{DOOR}/test_start.py"),
)  # fmt: skip


def copy_of_the_tree(folder: Path) -> Path:
    copy = folder / "portal"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    (copy / ".venv").symlink_to((ROOT / ".venv").resolve())
    return copy


def survives(mutation: Mutation, copy: Path) -> bool:
    """Take the defence out, run its tests until one fails, and put it back."""
    file = copy / mutation.file
    whole = file.read_text()
    file.write_text(whole.replace(mutation.old, mutation.new))
    try:
        run = subprocess.run(
            [".venv/bin/python", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--reuse-db", "-m", "not slow and not browser and not postgresql",
             *mutation.tests.split()],
            cwd=copy, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        file.write_text(whole)
    if run.returncode not in (0, 1):
        raise RuntimeError(run.stdout + run.stderr)
    return run.returncode == 0


def main(words: list[str]) -> int:
    chosen = [one for one in MUTATIONS if not words or any(word in one.name for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        copy, green = copy_of_the_tree(Path(folder)), []
        for mutation in chosen:
            began = time.monotonic()
            if survives(mutation, copy):
                green.append(mutation.name)
            colour = "GREEN" if green[-1:] == [mutation.name] else "red"
            print(f"{colour:5} {time.monotonic() - began:5.0f} s  {mutation.name}", flush=True)
    print(f"{len(chosen)} defences taken out, {len(green)} not noticed: {', '.join(green) or 'none'}")
    return 1 if green else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
