"""What the audit log says of joiners, movers, leavers and roles.

Which fields of an account changed is written down, and never what stood in them: the log outlives that.
"""

from portal.audit.log import declare

# Accounts: joining, changing and leaving.
declare("account.invited", "{actor} invited {target}, until {until}", "until")
declare("account.edited", "{actor} changed of {target}: {fields}", "fields", "ids", "passed")
declare("account.address_changed", "{actor} changed the work email address of {target}")
declare("account.manager_corrected", "{actor} accepted another line manager of {target}", "correction", "ids", "passed")
declare("account.manager_kept", "{actor} kept the line manager of {target}", "correction")
declare(
    "account.manager_disputed", "{actor} said that their line manager is {new}, not {old}: {reason}",
    "old", "new", "reason",
)  # fmt: skip
declare("account.manager_undisputed", "{actor} took back that their line manager is somebody else")
declare("account.phone_changed", "{actor} changed their work phone")
declare("account.left", "{actor} closed the account of {target}: {reason}", "reason", "passed", "ended")
declare("account.offices_ended", "What {target} held ended with their last day", "ended")
declare("account.returned", "{actor} opened the account of {target} again: {reason}", "reason")
declare("account.sessions_ended", "{actor} ended every session of {target}: {reason}", "reason")
declare(
    "people.imported", "{actor} imported a file: {joined} joined, {moved} moved, {left} left",
    "joined", "moved", "left", "people", "passed",
)  # fmt: skip
declare("people.about_exported", "{actor} exported what the portal knows about them as {format}", "format")
declare("people.exported", "{actor} exported {count} people as {format}", "count", "format", "filters")

# Roles, posts and grades.  Giving one is declared beside the accounts, since the start command does it too.
declare(
    "account.role_proposed",
    "{actor} proposed that {target} become {role} from {from_on}: {reason}",
    "role", "from_on", "to_on", "reason",
)  # fmt: skip
declare(
    "account.role_proposal_accepted", "{actor} agreed with {proposer} that {target} become {role}", "role", "proposer"
)
declare(
    "account.role_proposal_refused",
    "{actor} refused what {proposer} proposed, that {target} become {role}: {reason}",
    "role", "proposer", "reason",
)  # fmt: skip
declare("account.role_proposal_taken_back", "{actor} took back the proposal that {target} become {role}", "role")
declare(
    "account.role_ended",
    "{actor} ended the role {role} of {target}, which they held until {last_on}: {reason}",
    "role", "last_on", "reason",
)  # fmt: skip
declare("account.role_certified", "{actor} confirmed that {target} still needs the role {role}", "role")
declare(
    "account.role_lapsed",
    "The role {role} of {target} ended with {last_on}, since nobody confirmed that it is needed",
    "role", "last_on",
)  # fmt: skip
declare(
    "account.roles_exported",
    "{actor} exported who holds which role: {count} rows as {format}",
    "count", "format", "filters",
)  # fmt: skip
declare("account.post_given", "{actor} made {target} {post} from {from_on}: {reason}", "post", "from_on", "reason")
declare(
    "account.post_ended", "{actor} ended the time of {target} as {post} with {last_on}: {reason}",
    "post", "last_on", "reason",
)  # fmt: skip
declare(
    "account.grade_given",
    "{actor} recorded {target} as a Senior Civil Servant from {from_on}: {reason}",
    "from_on", "to_on", "reason",
)  # fmt: skip
declare(
    "account.grade_ended",
    "{actor} recorded that {target} was a Senior Civil Servant until {last_on}: {reason}",
    "last_on", "reason",
)  # fmt: skip
