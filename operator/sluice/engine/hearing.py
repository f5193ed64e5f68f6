"""Who of all targets speaks and who has turned silent: noted at each answer, asked at silence."""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from sluice.model.probes import ProbeWant
from sluice.model.probing import TURNED_WITHIN_SECONDS, Hearing


@dataclass(slots=True)
class Listener:
    """Counts whose cost does not grow with the targets. Instants are seconds since the epoch."""

    _total: int = 0
    _targets: Counter[str] = field(default_factory=Counter)
    _answered_at: dict[str, float] = field(default_factory=dict)
    _turned: OrderedDict[ProbeWant, float] = field(default_factory=OrderedDict)

    def begin(self, want: ProbeWant) -> None:
        """Count a target in."""
        self._total += 1
        self._targets[want.namespace] += 1

    def end(self, want: ProbeWant) -> None:
        """Count a target out; what it said stays said while its namespace has others."""
        self._total -= 1
        self._turned.pop(want, None)
        self._targets[want.namespace] -= 1
        if not self._targets[want.namespace]:
            del self._targets[want.namespace]
            self._answered_at.pop(want.namespace, None)

    def spoke(self, want: ProbeWant, now: float) -> None:
        """Note that a target has answered, in whatever way."""
        self._answered_at[want.namespace] = now
        self._turned.pop(want, None)

    def silent(self, want: ProbeWant, since: float, now: float) -> Hearing:
        """Note that a target is silent, and return what is heard of all others."""
        if since == now:
            self._turned[want] = since
        while self._turned and next(iter(self._turned.values())) <= now - TURNED_WITHIN_SECONDS:
            self._turned.popitem(last=False)
        spoke = self._answered_at.get(want.namespace)
        return Hearing(spoke, len(self._turned), self._total)
