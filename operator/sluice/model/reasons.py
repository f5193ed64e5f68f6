"""Every outcome has one reason: the same word in condition, event, log, metric and docs.

`docs/reasons.md` is generated from this table.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """The type of the Kubernetes Event that carries the reason."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reason says and what a person can do about it."""

    severity: Severity
    meaning: str
    next_step: str


class Reason(StrEnum):
    """The reason words; what each means stands in `MEANINGS`."""

    # the course of a rollout
    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    ROLLOUT_STARTED = "RolloutStarted"
    STEP_STARTED = "StepStarted"
    BAKING = "Baking"
    PROMOTING = "Promoting"
    PROMOTED = "Promoted"
    ROLLED_BACK = "RolledBack"
    REVERTING = "Reverting"
    SUPERSEDED = "Superseded"
    REVERTED_BY_USER = "RevertedByUser"
    RETRIED = "Retried"
    STEP_PROMOTED = "StepPromoted"
    PAUSED = "Paused"
    RESUMED = "Resumed"
    BYPASSED = "Bypassed"
    DELETED = "Deleted"
    # why a canary is rolled back
    ABORTED = "Aborted"
    CRASHED = "Crashed"
    NO_READY_ENDPOINTS = "NoReadyEndpoints"
    OUTAGE = "Outage"
    SILENCE = "Silence"
    HARM = "Harm"
    NO_DATA = "NoData"
    INCONCLUSIVE = "Inconclusive"
    ENVIRONMENT = "Environment"
    PROGRESS_DEADLINE = "ProgressDeadlineExceeded"
    ROUTE_NOT_ACCEPTED = "RouteNotAccepted"
    STABLE_SCALED_DOWN = "StableScaledDown"
    # how a step was passed
    PROVEN = "Proven"
    UNPROVEN = "Unproven"
    WEIGHT_UNVERIFIED = "WeightUnverified"
    CAPACITY_FELL = "CapacityFell"
    # what has to be waited for or mended
    TARGET_NOT_FOUND = "TargetNotFound"
    SERVICE_NOT_FOUND = "ServiceNotFound"
    ROUTE_NOT_FOUND = "RouteNotFound"
    ROUTE_MISMATCH = "RouteMismatch"
    ROUTE_CONTESTED = "RouteContested"
    CONFLICT = "Conflict"
    UNSUPPORTED_TARGET = "UnsupportedTarget"
    AUTOSCALER_UNSUPPORTED = "AutoscalerUnsupported"
    NETWORK_POLICY_EXCLUDES_CANARY = "NetworkPolicyExcludesCanary"
    DISRUPTION_BUDGET_MISSES_CANARY = "DisruptionBudgetMissesCanary"
    POD_MONITOR_MISSES_CANARY = "PodMonitorMissesCanary"
    PAUSED_BY_USER = "PausedByUser"
    WAITS_FOR_GRAPH = "WaitsForGraph"
    SEVERAL_REPLICASETS = "SeveralReplicaSets"
    INVALID_SPEC = "InvalidSpec"
    # the course of a startup graph
    NODES_HELD = "NodesHeld"
    NODES_RELEASED = "NodesReleased"
    NODES_READY = "NodesReady"
    NODES_DEGRADED = "NodesDegraded"
    NODES_TIMED_OUT = "NodesTimedOut"
    NODES_FAILED = "NodesFailed"
    NODES_BLOCKED = "NodesBlocked"
    INIT_STARTED = "InitStarted"
    INIT_COMPLETE = "InitComplete"
    INIT_FAILED = "InitFailed"
    INIT_DIRTY = "InitDirty"
    INIT_MISMATCH = "InitMismatch"
    INIT_UNDONE = "InitUndone"
    INIT_RESOLVED = "InitResolved"
    INIT_ANSWERED = "InitAnswered"
    RECORD_UNREADABLE = "RecordUnreadable"
    DELETION_WAITS = "DeletionWaits"
    AWAITS_RECORD = "AwaitsRecord"
    STARTING = "Starting"
    SUSPENDED = "Suspended"
    ORPHAN_RELEASED = "OrphanReleased"
    INVALID_GRAPH = "InvalidGraph"
    NOT_COVERED = "NotCovered"
    COVERED = "Covered"
    # from the engine
    FORBIDDEN = "Forbidden"
    REFUSED_BY_SERVER = "RefusedByServer"
    NOT_INSTALLED = "NotInstalled"
    QUOTA_EXCEEDED = "QuotaExceeded"
    INTERNAL_ERROR = "InternalError"


def _normal(meaning: str, next_step: str = "Nothing to do.") -> Meaning:
    return Meaning(Severity.NORMAL, meaning, next_step)


def _warning(meaning: str, next_step: str) -> Meaning:
    return Meaning(Severity.WARNING, meaning, next_step)


MEANINGS: dict[Reason, Meaning] = {
    Reason.HEALTHY: _normal("One version runs and takes all traffic."),
    Reason.PROGRESSING: _normal("A new version is on its way through the steps."),
    Reason.ROLLOUT_STARTED: _normal("The template changed: a canary of the new version is made."),
    Reason.STEP_STARTED: _normal("The canary goes on to the next weight."),
    Reason.BAKING: _normal("All steps are passed; the canary carries all but the hold-out."),
    Reason.PROMOTING: _normal("The canary carries all traffic while the Deployment rolls."),
    Reason.PROMOTED: _normal("The new version is the stable one."),
    Reason.ROLLED_BACK: _warning(
        "The new version was taken out of traffic; the stable one was never touched.",
        "Mend the version and apply it, or run `sluice rollout retry NAME`.",
    ),
    Reason.REVERTING: _warning(
        "The promotion is undone: the canary carries traffic until the former version is full.",
        "Wait; then see why in the message.",
    ),
    Reason.SUPERSEDED: _normal("The template changed again: the newer version takes over."),
    Reason.REVERTED_BY_USER: _normal("The template was set back to the stable version."),
    Reason.RETRIED: _normal("The rejected version is tried again."),
    Reason.STEP_PROMOTED: _normal("A person let the rollout pass the step."),
    Reason.PAUSED: _normal(
        "Time stands still and no rollout begins; harm, crash, outage and abort still act.",
        "`sluice rollout resume NAME` goes on.",
    ),
    Reason.RESUMED: _normal("The rollout goes on."),
    Reason.BYPASSED: _warning(
        "A version went into production without a rollout, or a node started before its parents.",
        "Check that this was meant; remove the annotation sluice.dev/bypass.",
    ),
    Reason.DELETED: _normal(
        "The Rollout is deleted: traffic leaves the canary first, then all that it made goes.",
        "A held Deployment stays paused: `kubectl rollout resume deployment/NAME` lets the new "
        "version run; to drop it, set the template back before.",
    ),
    Reason.ABORTED: _warning("A person aborted the rollout.", "Mend and apply, or retry."),
    Reason.CRASHED: _warning(
        "Containers of the canary exit with errors, more often than the stable ones.",
        "Read the logs of the canary's pods (`kubectl logs --previous`).",
    ),
    Reason.NO_READY_ENDPOINTS: _warning(
        "No canary pod is ready while traffic is sent to it.", "Look at the readiness probe."
    ),
    Reason.OUTAGE: _warning(
        "A large share of the canary's requests failed for seconds on end.",
        "Read the canary's logs; mend and apply.",
    ),
    Reason.SILENCE: _warning(
        "Requests that were sent to the canary are not answered.",
        "Look for a hanging start, a deadlock or a wrong port.",
    ),
    Reason.HARM: _warning(
        "The evidence that the canary is worse than the stable version passed its limit.",
        "Read status.analysis for the numbers; mend and apply.",
    ),
    Reason.NO_DATA: _warning(
        "There are no fresh metrics for one of the versions: the weight holds, or the rollout "
        "ends if onNoData says so.",
        "Check Prometheus and the selectors: `sluice check`.",
    ),
    Reason.INCONCLUSIVE: _warning(
        "The step's time is over and nothing is proven.",
        "Send more traffic, raise maxDuration, or promote by hand.",
    ),
    Reason.ENVIRONMENT: _warning(
        "Both versions miss the SLO: it looks like the environment, not this release.",
        "Mend the environment; the weight holds meanwhile, unless onEnvironment is Rollback.",
    ),
    Reason.PROGRESS_DEADLINE: _warning(
        "The pods did not become ready in time.", "Describe the pods; raise progressDeadline."
    ),
    Reason.ROUTE_NOT_ACCEPTED: _warning(
        "The gateway did not accept the route.", "Read the conditions in the route's status."
    ),
    Reason.STABLE_SCALED_DOWN: _warning(
        "The stable version was scaled to 0 in the middle of a step.", "Scale up, then retry."
    ),
    Reason.PROVEN: _normal("The canary is shown to be as good as the stable version."),
    Reason.UNPROVEN: _normal(
        "Nothing speaks against the canary, but there was too little traffic for a proof."
    ),
    Reason.WEIGHT_UNVERIFIED: _warning(
        "The share of traffic that was asked for was not seen in time.",
        "Check the gateway and the metrics source.",
    ),
    Reason.CAPACITY_FELL: _warning(
        "The canary has fewer ready pods than its weight needs; the weight is lowered.",
        "Describe the canary's pods.",
    ),
    Reason.TARGET_NOT_FOUND: _warning(
        "The Deployment does not exist.", "Create it: the Rollout picks it up."
    ),
    Reason.SERVICE_NOT_FOUND: _warning(
        "The Service does not exist.", "Create it: the Rollout picks it up."
    ),
    Reason.ROUTE_NOT_FOUND: _warning(
        "The HTTPRoute does not exist.", "Create it: the Rollout picks it up."
    ),
    Reason.ROUTE_MISMATCH: _warning(
        "No rule of the HTTPRoute sends to the Service in a way that can be shifted.",
        "Correct spec.service, or the route's backendRefs.",
    ),
    Reason.ROUTE_CONTESTED: _warning(
        "Someone else keeps changing the weights of the route.",
        "Take the weights out of what the other tool applies.",
    ),
    Reason.CONFLICT: _warning(
        "Another Rollout has this Deployment or Service already.", "Delete one of the two."
    ),
    Reason.UNSUPPORTED_TARGET: _warning(
        "The Deployment cannot run in two versions side by side.",
        "Change what the message names, or roll it out without Sluice.",
    ),
    Reason.AUTOSCALER_UNSUPPORTED: _warning(
        "A HorizontalPodAutoscaler scales the Deployment.", "Remove the autoscaler for now."
    ),
    Reason.NETWORK_POLICY_EXCLUDES_CANARY: _warning(
        "A NetworkPolicy selects the stable pods but not the canary's.",
        "Let the policy select the canary's label value too.",
    ),
    Reason.DISRUPTION_BUDGET_MISSES_CANARY: _warning(
        "A PodDisruptionBudget covers the stable pods but not the canary's.",
        "Let it select the canary's label value too, or accept it.",
    ),
    Reason.POD_MONITOR_MISSES_CANARY: _warning(
        "A PodMonitor selects the stable pods but not the canary's, so it has Prometheus scrape "
        "the stable ones only.",
        "Let it select the canary's label value too, or accept it.",
    ),
    Reason.WAITS_FOR_GRAPH: _normal(
        "A StartupGraph holds the Deployment until its parents are satisfied, or its new version "
        "until what it requires is recorded.",
        "`sluice graph explain NAME` says what it waits for.",
    ),
    Reason.PAUSED_BY_USER: _warning(
        "The Deployment is paused, and not by Sluice.", "Resume it with `kubectl rollout resume`."
    ),
    Reason.SEVERAL_REPLICASETS: _normal(
        "The Deployment is rolling by itself; the Rollout starts when one ReplicaSet runs."
    ),
    Reason.INVALID_SPEC: _warning(
        "The spec cannot be carried out.", "Correct the field that the message names."
    ),
    Reason.NODES_HELD: _normal("Workloads are held until their parents are satisfied."),
    Reason.NODES_RELEASED: _normal("Every parent is satisfied: the workloads may start."),
    Reason.NODES_READY: _normal("The nodes met their bar and every critical gate passed."),
    Reason.NODES_DEGRADED: _warning(
        "Nodes that were ready lost their bar or a critical gate; nobody else is stopped by it.",
        "`kubectl get startupgraph NAME -o yaml` names the nodes; look at their pods and gates.",
    ),
    Reason.NODES_TIMED_OUT: _warning(
        "Nodes were not ready in time after their release; onTimeout says what follows.",
        "Look at their pods; they count as ready as soon as they are.",
    ),
    Reason.NODES_FAILED: _warning(
        "Nodes failed for good: their children stay held.",
        "Mend and recreate the Job, or make the edge optional.",
    ),
    Reason.NODES_BLOCKED: _warning(
        "Nodes are held because a parent failed.", "Mend the parent that the message names."
    ),
    Reason.INIT_STARTED: _normal("The Job of an init node runs; a record will tell of its end."),
    Reason.INIT_COMPLETE: _normal("A version of an init node is complete, and recorded as such."),
    Reason.INIT_FAILED: _warning(
        "The Job of an init node failed as often as it may; its children stay held.",
        "Read the log in the record; apply a mended job, or run `sluice graph resolve NAME NODE`.",
    ),
    Reason.INIT_DIRTY: _warning(
        "A version may be half done: its Job ended with 20, was deleted midway, or is gone. It is "
        "never run again by itself, and nothing else of the node is.",
        "Mend what it left, then `sluice graph resolve NAME NODE --applied` or `--rerun`.",
    ),
    Reason.INIT_MISMATCH: _warning(
        "The version is complete, but by another job than the graph has, or under another lock.",
        "Write a new version, or run `sluice graph resolve NAME NODE --accept`.",
    ),
    Reason.INIT_UNDONE: _normal(
        "A version was undone as asked; it is not applied again by itself.",
        "Write the version that is in effect, or run `sluice graph resolve NAME NODE --rerun`.",
    ),
    Reason.INIT_RESOLVED: _normal("A person resolved an init node; the record says who and how."),
    Reason.INIT_ANSWERED: _warning(
        "A wish to undo is refused, or there is nothing (more) to undo; it has to be given again.",
        "Do what the message says first.",
    ),
    Reason.RECORD_UNREADABLE: _warning(
        "The history of an init node cannot be read: nothing of the node runs before it can.",
        "Mend the key of the ConfigMap that the message names, or delete it if you know its end.",
    ),
    Reason.DELETION_WAITS: _normal(
        "The graph is deleted, and waits until what runs for its init nodes is over and recorded.",
        "To end it at once: kubectl delete job NAME; its version is Dirty then.",
    ),
    Reason.AWAITS_RECORD: _normal(
        "A new version, or a first start, is held until a record says that what the annotation "
        "sluice.dev/requires names is complete.",
        "`sluice graph explain NAME`; to do without: annotate it with sluice.dev/bypass=startup.",
    ),
    Reason.STARTING: _normal("Nodes are held or start in the order of the graph."),
    Reason.SUSPENDED: _normal(
        "Nothing more is released; what runs goes on.", "Set spec.suspend to false to go on."
    ),
    Reason.ORPHAN_RELEASED: _warning(
        "A workload was let go that carries the label of a StartupGraph that does not exist.",
        "Apply the graph before its workloads or within 2 minutes, or take the labels off.",
    ),
    Reason.INVALID_GRAPH: _warning(
        "The graph cannot be carried out (cycle, unknown parent, host): nothing more is released.",
        "Mend what the message names.",
    ),
    Reason.NOT_COVERED: _warning(
        "Something of the graph is neither held nor gated, by its labels or by admission.",
        "Write the labels that the message names; check the policies.",
    ),
    Reason.COVERED: _normal("Every node carries the labels by which it is held and gated."),
    Reason.FORBIDDEN: _warning(
        "The API server forbids the operator a request.", "Apply the ClusterRole again."
    ),
    Reason.REFUSED_BY_SERVER: _warning(
        "The API server refused a write.",
        "Read the message; an admission webhook may be the cause.",
    ),
    Reason.NOT_INSTALLED: _warning(
        "An object that belongs to Sluice's installation is missing.",
        "Apply Sluice's manifests again; `sluice check` names all that is missing.",
    ),
    Reason.QUOTA_EXCEEDED: _warning(
        "A ResourceQuota leaves no room for the canary.",
        "Raise the quota: peak is 2N + surge pods.",
    ),
    Reason.INTERNAL_ERROR: _warning(
        "A fault in Sluice; this object is set aside and the others go on.",
        "Report the message with the operator's log.",
    ),
}
