"""What the audit log says of trips, beside what the approval engine says."""

from portal.audit.log import declare

declare("trip.saved", "{actor} saved “{section}”", "section")
declare("trip.judged", "Checked under policy version {policy}: {outcome}", "policy", "outcome", "rules")
declare("trip.register_asked", "The clearance register was asked about {people}", "people")
declare("trip.copied", "{actor} copied {source}", "source")
declare("trip.confirmed", "{actor} confirmed that they are travelling")
declare("trip.task_done", "{actor} ticked “{task}”", "task")
declare("trip.task_undone", "{actor} unticked “{task}”", "task")
declare(
    "trip.wrong_manager",
    "{actor} said that {old} is not the line manager of {person}, and named {new}: {reason}",
    "person",
    "old",
    "new",
    "reason",
)
declare("trip.approver_chosen", "{actor} picked {person} as {stage}: {reason}", "stage", "person", "reason")
declare("trip.clearance_unverified", "{person} stated {stated}; the register holds {held}", "person", "stated", "held")
