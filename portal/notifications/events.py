"""What the audit log says of messages."""

from portal.audit.log import declare

declare("message.dead", "The portal gave up sending {target} after {attempts} attempts", "attempts")
declare("message.refused", "The address of {target} was missing, or its mail server refused it")
