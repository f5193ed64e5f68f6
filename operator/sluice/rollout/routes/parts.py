"""Our part of a rule of an HTTPRoute, and the arithmetic of its weights.

A rule splits by the weights of its backendRefs. Our part of it is the sum of the weights of the
Service and of its canary; shifting moves it between the two.

- Beside backends of others the sum stays what the author wrote, so theirs keep their shares.
- Alone in a rule only the ratio counts, and the 1 that the API server puts in for a missing weight
  leaves no room for percent: while the canary is in, the sum is 100 times what the author wrote.

So the author's weight can always be read back from the route itself, and taking the canary out
restores what was there before it was put in, without memory.
"""

from dataclasses import dataclass
from math import gcd, lcm

from sluice.model.cluster import Backend, RouteRule
from sluice.model.json import JsonObject
from sluice.rollout.canary import canary_service_name
from sluice.rollout.spec import RolloutSpec

_WHOLE = 100
_HIGHEST_WEIGHT = 1_000_000  # of a backendRef, by the Gateway API
HIGHEST_ALONE = _HIGHEST_WEIGHT // _WHOLE


@dataclass(frozen=True, slots=True)
class Split:
    """What is split: a Service of a namespace and its canary, on one port (None: any)."""

    namespace: str
    service: str
    canary: str
    port: int | None

    @classmethod
    def of(cls, namespace: str, spec: RolloutSpec) -> "Split":
        """Return what a Rollout of the namespace splits."""
        return cls(namespace, spec.service, canary_service_name(spec.service), spec.port)

    def is_stable(self, backend: Backend) -> bool:
        """Whether a backend is the Service, on the port that counts."""
        return self._is(backend, self.service) and self.port in {None, backend.port}

    def is_canary(self, backend: Backend) -> bool:
        """Whether a backend is the canary, on any port: we alone write it."""
        return self._is(backend, self.canary)

    def _is(self, backend: Backend, name: str) -> bool:
        service = not backend.group and backend.kind == "Service"
        return service and backend.namespace == self.namespace and backend.name == name

    def __str__(self) -> str:
        return f"Service {self.service}" + (f" on port {self.port}" if self.port else "")


@dataclass(frozen=True, slots=True)
class Part:
    """Our part of a rule.

    stables: every entry of the Service. The first is shifted; further ones, which `shifted_rules`
    refuses, are left as if they were of others.
    """

    split: Split
    rule: RouteRule
    stables: tuple[Backend, ...]
    canaries: tuple[Backend, ...]

    @classmethod
    def of(cls, rule: RouteRule, split: Split) -> "Part":
        """Find our entries in a rule."""
        return cls(
            split=split,
            rule=rule,
            stables=tuple(backend for backend in rule.backends if split.is_stable(backend)),
            canaries=tuple(backend for backend in rule.backends if split.is_canary(backend)),
        )

    @property
    def alone(self) -> bool:
        """Whether the rule has no entry besides those that are shifted."""
        return len(self.rule.backends) == len(self._own)

    @property
    def _own(self) -> tuple[Backend, ...]:
        return (*self.stables[:1], *self.canaries)

    @property
    def total(self) -> int:
        """What the shifted entries come to now."""
        return sum(entry.weight for entry in self._own)

    @property
    def sends(self) -> bool:
        """Whether the rule sends to us; one in which we have weight 0 does not."""
        return self.total > 0 or bool(self.canaries)

    @property
    def written(self) -> int:
        """The weight that the author gave to the Service."""
        if not self.alone:
            return self.total
        scaled = bool(self.canaries) and self.total % _WHOLE == 0
        return min(self.total // _WHOLE if scaled else self.total, HIGHEST_ALONE)

    @property
    def percent(self) -> int:
        """The canary's percent of our part, 0 and 100 only if it gets none or all of it."""
        canary = sum(entry.weight for entry in self.canaries)
        if canary in {0, self.total}:
            return _WHOLE if canary else 0
        return min(max(round(_WHOLE * canary / self.total), 1), _WHOLE - 1)

    def shifted(self, percent: int | None) -> tuple[JsonObject, ...]:
        """Return the rule's backendRefs with that percent at the canary; None takes it out."""
        if percent is None and not self.canaries:
            return tuple(backend.written for backend in self.rule.backends)
        kept: list[JsonObject] = []
        place: int | None = None
        for backend in self.rule.backends:
            first = self.split.is_stable(backend) and backend is self.stables[0]
            if not first and not self.split.is_canary(backend):
                kept.append(backend.written)
            elif place is None:
                place = len(kept)
        return (*kept[:place], *self._entries(percent), *kept[place:])

    def _entries(self, percent: int | None) -> tuple[JsonObject, ...]:
        """Return stable's entry, then the canary's: a copy of it with another name.

        Rounding is in favour of stable. If somebody took stable's entry out, it is made from the
        canary's, which once was a copy of it.
        """
        written = {**(self.stables or self.canaries)[0].written, "name": self.split.service}
        if percent is None:
            return ({**written, "weight": self.written},)
        total = self.written * _WHOLE if self.alone else self.written
        canary = total * percent // _WHOLE
        return (
            {**written, "weight": total - canary},
            {**written, "name": self.split.canary, "weight": canary},
        )


def needed_factor(weight: int, percents: tuple[int, ...]) -> int:
    """Return the smallest factor by which a weight has each of the percents whole."""
    return lcm(*(_WHOLE // gcd(_WHOLE, weight * percent) for percent in percents))
