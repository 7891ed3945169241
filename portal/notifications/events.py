"""What the audit log says of messages."""

from portal.audit.log import declare

declare("message.dead", "The portal gave up sending {target} after {attempts} attempts", "attempts")
declare(
    "message.refused", "The portal could not send {target}: the address was missing, or whoever delivers refused it"
)
declare("message.unreadable", "The portal could not send {target}: what it was to say was altered, or its key is gone")
