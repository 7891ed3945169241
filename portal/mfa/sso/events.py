"""What the audit log says of single sign-on.  Never a code, a token, or whom Entra named: only people of the portal."""

from portal.audit.log import declare

declare("door.sso_accepted", "Microsoft Entra vouched for {target}; the portal asked for a second factor")
declare("door.sso_refused", "The portal refused a single sign-on as {target}: {reason}", "reason")
declare("door.sso_linked", "{actor} linked their account to Microsoft Entra")
declare("door.sso_unlinked", "{actor} unlinked their account from Microsoft Entra; their other sessions ended")
