"""What keeps a rollout from beginning, as chains of checks; the first hit wins.

The order: who may act at all; do the things exist; can the versions be told apart; can traffic be
split; can two versions run side by side; would the canary be treated like stable.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from sluice.model.cluster import Deployment, LabelSelector, RolloutSummary, Service
from sluice.model.plan import Note
from sluice.model.problems import Invalid, Problem, Stalled, Waiting
from sluice.model.reasons import Reason
from sluice.model.references import DEPLOYMENTS
from sluice.rollout.canary import label_key
from sluice.rollout.routes.acceptance import Acceptance, accepted
from sluice.rollout.routes.gateway_api import shifted_rules
from sluice.rollout.routes.parts import Split
from sluice.rollout.surroundings import Ground, Surroundings

Check: TypeAlias = Callable[[Ground], Problem | None]
ServiceCheck: TypeAlias = Callable[[Surroundings, Deployment, Service], Problem | None]


def refusal(around: Surroundings) -> Problem | None:
    """Return why no rollout can begin, None if one can."""
    ground = survey(around)
    if not isinstance(ground, Ground):
        return ground
    return next((problem for check in CHECKS if (problem := check(ground))), None)


def warnings(around: Surroundings) -> tuple[Note, ...]:
    """Return what a person should know although a rollout can begin."""
    ground = survey(around)
    if not isinstance(ground, Ground):
        return ()
    return (*uncovered(ground), *unscraped(ground))


def survey(around: Surroundings) -> Ground | Problem:
    """Return the ground that a rollout stands on, or why there is none."""
    rival = conflict(around)
    if rival:
        return rival
    target, service = around.target, around.service
    namespace = around.own.meta.ref.namespace
    if target is None or target.meta.deleting:
        return _missing(Reason.TARGET_NOT_FOUND, f"Deployment {namespace}/{around.spec.target}")
    if service is None or service.meta.deleting:
        return _missing(Reason.SERVICE_NOT_FOUND, f"Service {namespace}/{around.spec.service}")
    for check in SERVICE_CHECKS:
        problem = check(around, target, service)
        if problem:
            return problem
    key = label_key(around.spec.label_key, target, service)
    return Ground(around, target, service, key) if isinstance(key, str) else key


def conflict(around: Surroundings) -> Problem | None:
    """Return the Rollout that has claimed the same Deployment or Service, which keeps it."""
    own = around.own
    for rival in around.rollouts:
        shared = _shared(own, rival)
        if shared:
            name = rival.meta.ref.name
            return Stalled(
                Reason.CONFLICT,
                f"Rollout {name} has {shared} already and keeps it: delete one of "
                f"{name} and {own.meta.ref.name}",
            )
    return None


def headless(_: Surroundings, _target: Deployment, service: Service) -> Problem | None:
    """Refuse a Service that has no address of its own, or selects no pods."""
    name = service.meta.ref.name
    if service.headless:
        return _unsupported(f"Service {name} is headless (clusterIP None): write type ClusterIP")
    if not service.selector:
        return _unsupported(f"Service {name} has no selector: write that of the Deployment's pods")
    return None


def port_unknown(around: Surroundings, _: Deployment, service: Service) -> Problem | None:
    """Refuse a port that the Service does not have."""
    asked, known = around.spec.port, [port.number for port in service.ports]
    if asked is None or asked in known:
        return None
    shown = ", ".join(str(number) for number in known) or "none"
    message = f"spec.service.port {asked}: Service {service.meta.ref.name} has {shown}"
    return Invalid(Reason.INVALID_SPEC, f"{message}; write one of them")


def unselected(_: Surroundings, target: Deployment, service: Service) -> Problem | None:
    """Refuse a Service that selects other pods than the Deployment's."""
    missed = {
        f"{key}={value}"
        for key, value in service.selector.items()
        if target.template_labels.get(key) != value
    }
    if not missed:
        return None
    return _unsupported(
        f"Service {service.meta.ref.name} selects {', '.join(sorted(missed))}, which the pods of "
        f"Deployment {target.meta.ref.name} do not have: write the selector that fits its template"
    )


def route_missing(ground: Ground) -> Problem | None:
    """Wait for every route."""
    around = ground.around
    for route in around.spec.routes:
        if route.name not in around.routes:
            namespace = around.own.meta.ref.namespace
            return _missing(Reason.ROUTE_NOT_FOUND, f"HTTPRoute {namespace}/{route.name}")
    return None


def route_mismatch(ground: Ground) -> Problem | None:
    """Refuse a route whose rules cannot be shifted."""
    around = ground.around
    split = Split.of(around.own.meta.ref.namespace, around.spec)
    for target in around.spec.routes:
        rules = shifted_rules(around.routes[target.name], target, split, around.spec.weights)
        if isinstance(rules, Invalid):
            return rules
    return None


def route_refused(ground: Ground) -> Problem | None:
    """Wait for a route that its Gateway refuses already: the canary would be blamed for it."""
    for name in (route.name for route in ground.around.spec.routes):
        answer = accepted(ground.around.routes[name])
        if answer.state is Acceptance.REFUSED:
            advice = "mend the route; the rollout can begin once it is accepted"
            message = f"HTTPRoute {name}: {answer.message}: {advice}"
            return Waiting(Reason.ROUTE_NOT_ACCEPTED, message)
    return None


def obstructed(ground: Ground) -> Problem | None:
    """Refuse a Deployment that cannot run in two versions side by side."""
    if not ground.target.obstacles:
        return None
    return _unsupported(
        f"Deployment {ground.target.meta.ref.name}: {'; '.join(ground.target.obstacles)}"
    )


def volume_single(ground: Ground) -> Problem | None:
    """Refuse a volume that only one node may mount."""
    for claim in ground.around.claims:
        if claim.meta.ref.name in ground.target.claims and not claim.shared:
            modes = ", ".join(claim.access_modes)
            return _unsupported(
                f"Deployment {ground.target.meta.ref.name} mounts PersistentVolumeClaim "
                f"{claim.meta.ref.name}, {modes}, which two versions cannot share: write "
                "accessModes: [ReadWriteMany], or take the volume out"
            )
    return None


def autoscaled(ground: Ground) -> Problem | None:
    """Refuse a Deployment whose size an autoscaler decides."""
    name = ground.target.meta.ref.name
    for scaler in ground.around.autoscalers:
        if (scaler.target_kind, scaler.target_name) == (DEPLOYMENTS.kind, name):
            return Stalled(
                Reason.AUTOSCALER_UNSUPPORTED,
                f"HorizontalPodAutoscaler {scaler.meta.ref.name} scales Deployment {name}: "
                "delete it for now and write spec.replicas",
            )
    return None


def policy_excludes(ground: Ground) -> Problem | None:
    """Refuse to begin where a network policy would treat the canary unlike stable."""
    for policy in ground.around.policies:
        name = f"NetworkPolicy {policy.meta.ref.name}"
        if _misses(ground, policy.selector):
            message = f"{name} applies to the stable pods but not to the canary's"
        elif any(_misses(ground, peer) for peer in policy.peers):
            message = f"{name} has rules for traffic with the stable pods but not the canary's"
        else:
            continue
        advice = f"write {ground.remedy} in its podSelector"
        return Stalled(Reason.NETWORK_POLICY_EXCLUDES_CANARY, f"{message}: {advice}")
    return None


def uncovered(ground: Ground) -> tuple[Note, ...]:
    """Return a note for each disruption budget that covers stable but not the canary."""
    return tuple(
        Note(
            Reason.DISRUPTION_BUDGET_MISSES_CANARY,
            f"PodDisruptionBudget {budget.meta.ref.name} covers the stable pods but not the "
            f"canary's, which an eviction may take all at once: write {ground.remedy}",
        )
        for budget in ground.around.budgets
        if _misses(ground, budget.selector)
    )


def unscraped(ground: Ground) -> tuple[Note, ...]:
    """Return a note for each pod monitor that has stable scraped but not the canary."""
    key = ground.key
    return tuple(
        Note(
            Reason.POD_MONITOR_MISSES_CANARY,
            f"PodMonitor {monitor.meta.ref.name} selects the stable pods but not the canary's, "
            f"which have {key}: {ground.canary_labels[key]} and whose metrics it leaves out: "
            f"write {ground.remedy}",
        )
        for monitor in ground.around.monitors
        if monitor.at_home and _misses(ground, monitor.selector)
    )


SERVICE_CHECKS: Final[tuple[ServiceCheck, ...]] = (
    headless,  # before the labels: without a selector there are none to compare
    port_unknown,
    unselected,
)

CHECKS: Final[tuple[Check, ...]] = (
    route_missing,  # before what is in them
    route_mismatch,
    route_refused,
    obstructed,
    volume_single,
    autoscaled,
    policy_excludes,
)


def _misses(ground: Ground, selector: LabelSelector) -> bool:
    """Whether a selector selects the stable pods but not the canary's."""
    return selector.matches(ground.stable_labels) and not selector.matches(ground.canary_labels)


def _shared(own: RolloutSummary, rival: RolloutSummary) -> str:
    """Return what two Rollouts both claim, empty when nothing."""
    target = [f"Deployment {own.target}"] if own.target == rival.target else []
    service = [f"Service {own.service}"] if own.service == rival.service else []
    return " and ".join(target + service)


def _missing(reason: Reason, what: str) -> Waiting:
    return Waiting(reason, f"{what} does not exist; the rollout can begin once it is there")


def _unsupported(message: str) -> Invalid:
    return Invalid(Reason.UNSUPPORTED_TARGET, message)
