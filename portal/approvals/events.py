"""What the audit log says of approvals, beside the transitions, which the lifecycle declares."""

from portal.audit.log import declare

declare("step.decided", "{actor} decided as {stage}: {decision}", "stage", "decision", "round", "decided_for")
declare("step.carried", "The decision of {stage} still stands: nothing it depends on changed", "stage", "round")
declare("step.opened", "{target} went to {stage} ({who})", "stage", "round", "who")
declare("step.named", "{actor} named {person} to decide as {stage}: {reason}", "stage", "person", "reason")
declare("step.rerouted", "{stage} was passed from {old} to {who}: {reason}", "stage", "old", "who", "reason")
declare("condition.accepted", "{actor} accepted the condition “{condition}”", "condition")
declare("approval.created", "{actor} started {target}")
declare("approval.viewed", "{actor} opened {target}")
