"""The table of all that can happen to an approval."""

from portal.lifecycle import Lifecycle, Transition

from .models import Status as S
from .policies import can_decide, is_requester, still_stands

APPROVAL = Lifecycle(
    "approval",
    #          verb           from                        to             who           on the button
    Transition("submit", (S.DRAFT, S.SENT_BACK), S.IN_REVIEW, is_requester, "Submit"),
    Transition("keep", (S.DRAFT,), S.NOT_NEEDED, is_requester, "Keep this answer"),
    Transition("discard", (S.DRAFT,), S.WITHDRAWN, is_requester, "Delete draft"),
    Transition("send_back", (S.IN_REVIEW,), S.SENT_BACK, can_decide, "Send back"),
    Transition("approve", (S.IN_REVIEW,), S.APPROVED, can_decide, "Approve"),
    Transition("acknowledge", (S.IN_REVIEW,), S.APPROVED, can_decide, "Acknowledge"),
    Transition("stand", (S.IN_REVIEW,), S.APPROVED, still_stands, "Keep the approval"),
    Transition("reject", (S.IN_REVIEW,), S.REJECTED, can_decide, "Reject"),
    Transition("withdraw", (S.IN_REVIEW, S.SENT_BACK), S.WITHDRAWN, is_requester, "Withdraw"),
    Transition("amend", (S.APPROVED,), S.SENT_BACK, is_requester, "Change this request"),
    Transition("cancel", (S.APPROVED,), S.CANCELLED, is_requester, "Cancel"),
)
