"""What the audit log says of messages."""

from portal.audit.log import declare

declare("message.dead", "The portal gave up sending {target} after {attempts} attempts", "attempts")
