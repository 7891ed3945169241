"""What the audit log says of signing in.  Never a code, a seed, a password, or an address that nobody here has."""

from portal.audit.log import declare

declare("door.signed_in", "{actor} signed in with {factor}", "factor")
declare("door.signed_out", "{actor} signed out")
declare("door.session_ended", "The portal ended a session of {target}: {reason}", "reason")
declare("door.password_failed", "Somebody entered a wrong password for {target}")
declare("door.leaver_refused", "Somebody tried to sign in as {target}, who may not use the portal")
declare("door.passwords_paused", "The portal refused more passwords for {target} for some minutes")
declare("door.code_failed", "Somebody with the password of {target} entered a wrong code: {factor}", "factor")
declare(
    "door.locked_for_a_while",
    "The portal locked {target} out until {until}, after {failures} wrong codes",
    "until",
    "failures",
)
declare(
    "door.locked",
    "The portal locked {target} out after {failures} wrong codes, until an administrator unlocks",
    "failures",
)
declare("door.unlocked", "{actor} unlocked the sign-in of {target}: {reason}", "reason")
declare("door.enrolled", "{target} set up an authenticator app")
declare("door.app_replaced", "{actor} replaced their authenticator app; their other sessions ended")
declare("door.key_added", "{actor} added a security key: {key}", "key")
declare("door.key_removed", "{actor} removed a security key: {key}; their other sessions ended", "key")
declare("door.key_cloned", "A copy of a security key of {target} was refused: {key}", "key")
declare("door.recovery_codes_made", "{actor} made new recovery codes; the earlier ones stopped working")
declare("door.recovery_code_used", "{target} signed in with a recovery code; {left} are left", "left")
declare("door.password_changed", "{actor} changed their password")
declare("door.password_reset_asked", "Somebody asked for a link to reset the password of {target}")
declare("door.password_reset", "{target} reset their password by the link they were sent")
declare("door.administrator_made", "The start command made {target} an administrator")
declare("door.code_sent", "The portal sent {target} a code: {factor}", "factor")
declare("door.codes_exhausted", "The portal sent {target} no more codes on that day: {factor}", "factor")
declare("door.email_codes_chosen", "{target} chose codes to their mailbox")
declare("door.proved", "{actor} proved again that it is them, with {factor}", "factor")
declare("door.sessions_ended", "{actor} ended sessions of {target}: {count}", "count")
declare("door.two_places", "{target} signed in while signed in far away, from {other}", "other")
declare("door.recovery_phone_used", "{target} signed in with a code sent to their recovery phone")
declare("door.recovery_phone_added", "{actor} verified a recovery phone")
declare("door.recovery_phone_removed", "{actor} removed their recovery phone")
declare("door.address_change_asked", "{actor} asked to change the address that they sign in with")
declare("door.address_changed", "{target} confirmed a new address; their sessions ended")
declare("door.privileged_without_factor", "{target} holds a role, without a security key or an authenticator app")
declare(
    "door.rule_set",
    "{actor} set the rule of {target} from {from_on}: {rule}. {reason}",
    "rule", "from_on", "reason", "is_of_the_area",
)  # fmt: skip
declare("door.rule_taken_back", "{actor} took back the rule of {target} from {from_on}: {rule}", "rule", "from_on")
declare(
    "door.factors_exported", "{actor} exported who has which factor: {count} people as {format}, filtered by {filters}",
    "count", "format", "filters",
)  # fmt: skip
declare(
    "door.reset_asked",
    "{actor} asked that {target}, who has lost every factor, may enrol again: {reference}",
    "reference",
)
declare(
    "door.reset_released",
    "{actor} released it that {target} may enrol again: {reference}, release {number}; {how}",
    "reference",
    "number",
    "how",
)
declare("door.factors_reset", "Every factor of {target} was deleted, and they may enrol again for a day")
declare(
    "door.reset_refused", "{actor} refused that {target} may enrol again: {reference}, {reason}", "reference", "reason"
)
declare("door.reset_cancelled", "{target} cancelled what was asked for them: {reference}", "reference")
declare("door.reset_used", "{target} enrolled again after two people released it: {reference}", "reference")
declare("door.reset_lapsed", "{target} did not enrol in time; their enrolment closed")
declare(
    "door.break_glass",
    "{by} and {and_by} had a break-glass code made for {target} on the console: {reason}",
    "by",
    "and_by",
    "reason",
)
declare("door.break_glass_used", "{target} signed in with a break-glass code")
