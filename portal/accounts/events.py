"""What the audit log says of people."""

from portal.audit.log import declare

declare("account.created", "{actor} made the account of {target}")
declare(
    "account.role_given",
    "{actor} gave {target} the role {role} from {from_on}: {reason}",
    "role",
    "from_on",
    "to_on",
    "reason",
)
declare("account.viewed", "{actor} opened the account of {target}")
