"""Who may open and use which page: one row a route, a method and a record; the columns are people.

``o`` they may, ``x`` they may not do it and are told so (403), ``-`` they may not know of it (404), ``>`` they are sent
to sign in.  A stranger is sent to sign in everywhere but on the public pages.
"""

WHO = (
    "stranger", "traveller", "companion", "manager", "senior", "colleague", "security", "operations", "auditor", "desk",
    "superuser", "vetting", "administrator", "governor",
)  # fmt: skip

#: Open to strangers: sign-in itself, and what must work without it.
PUBLIC = {
    "travel:trouble", "home:accessibility", "home:privacy", "home:cookies", "home:signing-in", "home:suppliers",
    "home:healthz", "home:readyz", "account_login", "account_logout", "account_reset_password",
    "account_reset_password_done", "account_reset_password_from_key", "account_reset_password_from_key_done",
}  # fmt: skip

#: Pages of the door: their own tests walk them with every kind of half-open session (tests/portal/mfa).
DOOR = {
    "mfa:enrol", "mfa:verify", "mfa:recovery", "mfa:recovery_by_phone", "mfa:phone", "mfa:phone_code",
    "mfa:phone_remove", "mfa:address", "mfa:confirm_address", "mfa:blocked", "mfa:replace", "mfa:recovery_codes",
    "mfa:security", "mfa:sessions", "mfa:end_session", "mfa:end_other_sessions", "mfa:prove_again", "mfa:stay",
    "mfa:alive",
    "account_change_password", "account_confirm_email", "account_email_verification_sent", "account_signup",
    "account_reauthenticate", "account_email", "account_set_password", "account_inactive",
    "account_confirm_login_code", "sso:start", "sso:return", "sso:link", "sso:unlink",
}  # fmt: skip

EVERYBODY = "> o o o o o o o o o o o o o"

#: The kinds of record.  Each is a trip of the traveller's to Germany, and of the companion's once it was submitted.
RECORDS = {
    "draft": "hers alone",
    "review": "it waits for her line manager",
    "personal": "the same, of a holiday",
    "sent back": "by her line manager",
    "approved": "acknowledged, with a condition",
    "unrouted": "it waits for MoJ Security to name an approver",
    "not needed": "to Kenya, with nothing taken or used",
    "arranged": "approved, and asked for by the colleague, who does not travel",
}

#: Records that are no trips.
OTHER_RECORDS = {
    "account": "the account of the companion",
    "manager": "the colleague says that the companion has another line manager",
    "role held": "by the companion, since a year ago",
    "proposal": "that the companion become a policy administrator, made by another user administrator",
    "post": "the Governor's",
    "grade": "the senior's, of Senior Civil Servant",
}

MATRIX = {
    # Columns: stranger, traveller, companion, manager, senior, colleague, security, operations, auditor, desk,
    # superuser, vetting, administrator, governor, as in WHO.
    # route                        method  record
    ("home:index",                "get",  ""):         EVERYBODY,
    ("home:waiting",              "get",  ""):         EVERYBODY,
    ("home:requests",             "get",  ""):         EVERYBODY,
    ("home:search",               "get",  ""):         EVERYBODY,
    ("directory:index",           "get",  ""):         EVERYBODY,
    ("notifications:index",       "get",  ""):         EVERYBODY,
    ("people:index",              "get",  ""):         "> x x x x x x x x x x x o x",
    ("people:detail",             "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:export",               "get",  ""):         "> x x x x x x x x x x x o x",
    ("people:export",               "post", ""):         "> x x x x x x x x x x x o x",
    ("people:invite",               "get",  ""):         "> x x x x x x x x x x x o x",
    ("people:invite",               "post", ""):         "> x x x x x x x x x x x o x",
    ("people:managers",             "get",  ""):         "> x x x x x x x x x x x o x",
    ("people:manager",              "get",  "manager"):  "> - - - - - - - - - - - o -",
    ("people:manager",              "post", "manager"):  "> - - - - - - - - - - - o -",
    ("people:edit",                 "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:edit",                 "post", "account"):  "> - - - - - - - - - - - o -",
    ("people:address",              "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:address",              "post", "account"):  "> - - - - - - - - - - - o -",
    ("people:invite-again",         "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:invite-again",         "post", "account"):  "> - - - - - - - - - - - o -",
    ("people:deactivate",           "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:deactivate",           "post", "account"):  "> - - - - - - - - - - - o -",
    ("people:reactivate",           "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:reactivate",           "post", "account"):  "> - - - - - - - - - - - o -",
    ("people:end-sessions",         "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:end-sessions",         "post", "account"):  "> - - - - - - - - - - - o -",
    ("people:unlock",               "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:unlock",               "post", "account"):  "> - - - - - - - - - - - o -",
    ("people:deactivated",          "get",  "account"):  "> - - - - - - - - - - - - -",
    ("people:my-roles",           "get",  ""):         EVERYBODY,
    ("people:roles",              "get",  ""):         "> x x x x x x x o x x x o x",
    ("people:roles-export",       "get",  ""):         "> x x x x x x x o x x x o x",
    ("people:roles-export",       "post", ""):         "> x x x x x x x o x x x o x",
    ("people:role-review",        "get",  ""):         "> x x x x x x x x x x x o x",
    ("people:role-proposals",     "get",  ""):         "> x x x x x x x x x x x o x",
    ("people:posts",              "get",  ""):         "> x x x x x x x x x x x o x",
    ("people:role-review",        "post", ""):         "> x x x x x x x x x x x o x",
    ("people:roles-of",           "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:role-give",          "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:role-give",          "post", "account"):  "> - - - - - - - - - - - o -",
    ("people:post-give",          "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:post-give",          "post", "account"):  "> - - - - - - - - - - - o -",
    ("people:grade-give",         "get",  "account"):  "> - - - - - - - - - - - o -",
    ("people:grade-give",         "post", "account"):  "> - - - - - - - - - - - o -",
    ("people:role-end",           "get",  "role held"): "> - - - - - - - - - - - o -",
    ("people:role-end",           "post", "role held"): "> - - - - - - - - - - - o -",
    ("people:role-proposal",      "get",  "proposal"): "> - - - - - - - - - - - o -",
    ("people:role-proposal",      "post", "proposal"): "> - - - - - - - - - - - o -",
    ("people:role-proposal-take-back", "get",  "proposal"): "> - - - - - - - - - - - x -",
    ("people:role-proposal-take-back", "post", "proposal"): "> - - - - - - - - - - - x -",
    ("people:post-end",           "get",  "post"):     "> - - - - - - - - - - - o -",
    ("people:post-end",           "post", "post"):     "> - - - - - - - - - - - o -",
    ("people:grade-end",          "get",  "grade"):    "> - - - - - - - - - - - o -",
    ("people:grade-end",          "post", "grade"):    "> - - - - - - - - - - - o -",
    ("travel:index",              "get",  ""):         EVERYBODY,
    ("travel:start",              "get",  ""):         EVERYBODY,
    ("travel:start",              "post", ""):         EVERYBODY,
    ("travel:all",                "get",  ""):         "> x x x x x o o o x x x x x",
    ("travel:detail",             "get",  "draft"):    "> o - - - - - - - - - - - -",
    ("travel:detail",             "get",  "review"):   "> o o o o - o o o - - - - -",
    ("travel:detail",             "get",  "approved"): "> o o o o - o o o - - - - -",
    ("travel:detail",             "get",  "unrouted"): "> o o o - - o o o - - - - -",
    ("travel:tasks",              "get",  "draft"):    "> o - - - - - - - - - - - -",
    ("travel:tasks",              "get",  "review"):   "> x x x x - x x x - - - - -",
    ("travel:section",            "get",  "draft"):    "> o - - - - - - - - - - - -",
    ("travel:section",            "get",  "review"):   "> x x x x - x x x - - - - -",
    ("travel:section",            "post", "draft"):    "> o - - - - - - - - - - - -",
    ("travel:section",            "post", "review"):   "> x x x x - x x x - - - - -",
    ("travel:answer",             "get",  "draft"):    "> o - - - - - - - - - - - -",
    ("travel:answer",             "get",  "review"):   "> x x x x - x x x - - - - -",
    ("travel:answer",             "post", "review"):   "> x x x x - x x x - - - - -",
    ("travel:choose-approver",    "get",  "draft"):    "> o - - - - - - - - - - - -",
    ("travel:choose-approver",    "post", "draft"):    "> o - - - - - - - - - - - -",
    ("travel:choose-approver",    "get",  "review"):   "> x x x x - x x x - - - - -",
    ("travel:choose-approver",    "post", "review"):   "> x x x x - x x x - - - - -",
    ("travel:check",              "get",  "draft"):    "> o - - - - - - - - - - - -",
    ("travel:check",              "post", "draft"):    "> o - - - - - - - - - - - -",
    ("travel:check",              "get",  "review"):   "> x x x x - x x x - - - - -",
    ("travel:check",              "post", "review"):   "> x x x x - x x x - - - - -",
    ("travel:submitted",          "get",  "review"):   "> o x x x - x x x - - - - -",
    ("travel:copy",               "get",  "review"):   "> o o x x - x x x - - - - -",
    ("travel:copy",               "post", "review"):   "> o o x x - x x x - - - - -",
    ("travel:copy",               "post", "draft"):    "> o - - - - - - - - - - - -",
    ("travel:discard",            "get",  "draft"):    "> o - - - - - - - - - - - -",
    ("travel:discard",            "post", "draft"):    "> o - - - - - - - - - - - -",
    ("travel:discard",            "post", "review"):   "> x x x x - x x x - - - - -",
    ("travel:withdraw",           "get",  "review"):   "> o x x x - x x x - - - - -",
    ("travel:withdraw",           "post", "review"):   "> o x x x - x x x - - - - -",
    ("travel:withdraw",           "post", "approved"): "> x x x x - x x x - - - - -",
    ("travel:cancel",             "get",  "approved"): "> o x x x - x x x - - - - -",
    ("travel:cancel",             "post", "approved"): "> o x x x - x x x - - - - -",
    ("travel:cancel",             "post", "review"):   "> x x x x - x x x - - - - -",
    ("travel:amend",              "get",  "approved"): "> o x x x - x x x - - - - -",
    ("travel:amend",              "post", "approved"): "> o x x x - x x x - - - - -",
    ("travel:amend",              "post", "review"):   "> x x x x - x x x - - - - -",
    ("travel:confirm",            "get",  "review"):   "> o o x x - x x x - - - - -",
    ("travel:confirm",            "post", "review"):   "> o o x x - x x x - - - - -",
    ("travel:round",              "get",  "draft"):    "> - - - - - - - - - - - - -",
    ("travel:round",              "get",  "review"):   "> o o o o - o o o - - - - -",
    ("travel:round",              "get",  "sent back"): "> o o o o - o o o - - - - -",
    ("travel:round",              "get",  "unrouted"): "> o o o - - o o o - - - - -",
    ("travel:clearance-check",    "get",  "draft"):    "> - - - - - - - - - - - - -",
    ("travel:clearance-check",    "get",  "review"):   "> - - - - - - - - - - o - -",
    ("travel:decide",             "get",  "draft"):    "> x - - - - - - - - - - - -",
    ("travel:decide",             "get",  "review"):   "> x x o x - x x x - - - - -",
    ("travel:decide",             "post", "review"):   "> x x o x - x x x - - - - -",
    ("travel:decide",             "post", "approved"): "> x x x x - x x x - - - - -",
    ("travel:decide",             "post", "unrouted"): "> x x x - - x x x - - - - -",
    ("travel:name-approver",      "get",  "unrouted"): "> x x x - - o x x - - - - -",
    ("travel:name-approver",      "post", "unrouted"): "> x x x - - o x x - - - - -",
    ("travel:name-approver",      "post", "review"):   "> x x x x - x x x - - - - -",
    ("travel:conditions",         "get",  "approved"): "> o o x x - x x x - - - - -",
    ("travel:conditions",         "post", "approved"): "> o o x x - x x x - - - - -",
    ("travel:conditions",         "post", "draft"):    "> x - - - - - - - - - - - -",
    ("travel:before-you-leave",   "get",  "approved"): "> o o x x - x x x - - - - -",
    ("travel:before-you-leave",   "post", "approved"): "> o o x x - x x x - - - - -",
    ("travel:before-you-leave",   "get",  "review"):   "> x x x x - x x x - - - - -",
    ("travel:detail",             "get",  "personal"): "> o o o o - o o o - - - - -",
    ("travel:decide",             "get",  "personal"): "> x x o x - x x x - - - - -",
    ("travel:decide",             "post", "personal"): "> x x o x - x x x - - - - -",
    ("travel:detail",             "get",  "sent back"): "> o o o o - o o o - - - - -",
    ("travel:tasks",              "get",  "sent back"): "> o x x x - x x x - - - - -",
    ("travel:section",            "get",  "sent back"): "> o x x x - x x x - - - - -",
    ("travel:check",              "post", "sent back"): "> o x x x - x x x - - - - -",
    ("travel:withdraw",           "post", "sent back"): "> o x x x - x x x - - - - -",
    ("travel:discard",            "post", "sent back"): "> x x x x - x x x - - - - -",
    ("travel:decide",             "post", "sent back"): "> x x x x - x x x - - - - -",
    ("travel:conditions",         "post", "sent back"): "> x x x x - x x x - - - - -",
    ("travel:detail",             "get",  "not needed"): "> o - - - - o o o - - - - -",
    ("travel:tasks",              "get",  "not needed"): "> x - - - - x x x - - - - -",
    ("travel:discard",            "post", "not needed"): "> x - - - - x x x - - - - -",
    ("travel:copy",               "post", "not needed"): "> o - - - - x x x - - - - -",
    ("travel:detail",             "get",  "arranged"): "> o o o o o o o o - - - - -",
    ("travel:cancel",             "post", "arranged"): "> x x x x o x x x - - - - -",
    ("travel:amend",              "post", "arranged"): "> x x x x o x x x - - - - -",
    ("travel:copy",               "post", "arranged"): "> o o x x o x x x - - - - -",
    ("travel:confirm",            "post", "arranged"): "> o o x x x x x x - - - - -",
    ("travel:conditions",         "post", "arranged"): "> o o x x o x x x - - - - -",
    ("travel:before-you-leave",   "post", "arranged"): "> o o x x x x x x - - - - -",
}  # fmt: skip

#: What a route takes beside the reference.
ARGUMENTS = {
    "travel:section": {"section": "purpose"},
    "travel:choose-approver": {"stage": "line_manager"},
    "travel:round": {"number": 1},
}


#: A valid answer to each of these pages, beside what the page itself holds; of a kind of record, where that matters.
ANSWERS = {
    "travel:start": {"lateness": "not-yet"},
    "travel:check": {"is_true": "on"},
    "travel:copy": {},
    "travel:discard": {},
    "travel:withdraw": {"reason": "The hearing is off."},
    "travel:cancel": {"reason": "The hearing is off."},
    "travel:amend": {"reason": "The hearing is a day later."},
    "travel:confirm": {},
    "travel:decide": {"decision": "approve", "need_equipment": "yes", "need_services": "yes"},
    ("travel:decide", "personal"): {"decision": "approve", "approve_equipment": "yes", "approve_services": "yes"},
    "travel:name-approver": {"email": "gwen.governor@example.justice.test", "reason": "She knows the work."},
    "travel:conditions": {},
    "travel:before-you-leave": {"task": "guidance", "done": "yes"},
}


def rows():
    """Yield (route, method, record, {person: sign})."""
    for (route, method, record), signs in MATRIX.items():
        yield route, method, record, dict(zip(WHO, signs.split(), strict=True))
