"""What is heard of all targets, against counting them all each time."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from sluice.engine.hearing import Listener
from sluice.model.probes import ProbeWant, TcpProbe
from sluice.model.probing import Hearing


def want_of(number: int) -> ProbeWant:
    return ProbeWant(TcpProbe(f"10.0.0.{number}", 80, 2), f"ns-{number % 2}", "", 5, 3, 3)


@dataclass
class Counting:
    """The same by brute force: per target since when it is silent, per namespace the last word."""

    silent_since: dict[ProbeWant, float | None] = field(default_factory=dict)
    spoke_at: dict[str, float] = field(default_factory=dict)

    def hearing(self, want: ProbeWant, now: float) -> Hearing:
        silences = [since for since in self.silent_since.values() if since is not None]
        turned = sum(since > now - 30 for since in silences)
        return Hearing(self.spoke_at.get(want.namespace), turned, len(self.silent_since))

    def end(self, want: ProbeWant) -> None:
        del self.silent_since[want]
        if want.namespace not in {other.namespace for other in self.silent_since}:
            self.spoke_at.pop(want.namespace, None)


EVENTS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["speaks", "silent", "ends"]), st.integers(1, 20)),
    max_size=60,
)


@given(EVENTS)
def test_the_counts_are_those_of_all_targets_at_every_silence(
    events: list[tuple[int, str, int]],
) -> None:
    listener, counting, now = Listener(), Counting(), 1000.0
    for number, event, seconds in events:
        want, now = want_of(number), now + seconds
        if want not in counting.silent_since:
            listener.begin(want)
            counting.silent_since[want] = None
        match event:
            case "speaks":
                listener.spoke(want, now)
                counting.spoke_at[want.namespace] = now
                counting.silent_since[want] = None
            case "silent":
                since = counting.silent_since[want] or now
                counting.silent_since[want] = since
                assert listener.silent(want, since, now) == counting.hearing(want, now)
            case _:
                listener.end(want)
                counting.end(want)
