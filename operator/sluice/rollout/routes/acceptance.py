"""Whether the Gateways serve a route as it is written now."""

from dataclasses import dataclass
from enum import StrEnum

from sluice.model.cluster import HttpRoute, ParentStatus

_NEEDED = ("Accepted", "ResolvedRefs")


class Acceptance(StrEnum):
    """What the controllers of a route's Gateways say of its newest generation."""

    ACCEPTED = "accepted"
    PENDING = "pending"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """The state, and the sentence of the Gateway that it is owed to."""

    state: Acceptance
    message: str


def accepted(route: HttpRoute) -> Answer:
    """Return what all parents that have reported say; a refusal outranks those still pending."""
    if not route.parents:
        return Answer(Acceptance.PENDING, "no Gateway has reported on it yet")
    answers = [_answer(parent, route.meta.generation) for parent in route.parents]
    for state in (Acceptance.REFUSED, Acceptance.PENDING):
        for answer in answers:
            if answer.state is state:
                return answer
    return answers[0]


def _answer(parent: ParentStatus, generation: int) -> Answer:
    gateway = f"Gateway {parent.parent} ({parent.controller})"
    for name in _NEEDED:
        status, observed = parent.conditions.get(name, ("Unknown", 0))
        if observed < generation:
            behind = f"{gateway} reports {name} for generation {observed}, not yet {generation}"
            return Answer(Acceptance.PENDING, behind)
        if status != "True":
            says = f"{gateway} says {name}={status} (`kubectl describe httproute` has the reason)"
            state = Acceptance.REFUSED if status == "False" else Acceptance.PENDING
            return Answer(state, says)
    return Answer(Acceptance.ACCEPTED, f"{gateway} has accepted generation {generation}")
