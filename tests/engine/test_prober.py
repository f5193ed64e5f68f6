"""Probes on their own time: shared, counted, bounded, frozen when our own network is at fault."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from sluice.engine.metrics import Metrics
from sluice.engine.prober import Prober, first_delay, phase
from sluice.model.kind import Observation, Wants
from sluice.model.plan import Work
from sluice.model.probes import Answer, HttpProbe, Outcome, Probe, ProbeRun, ProbeWant
from sluice.model.references import ObjectRef
from tests.engine.harness import Toy, toy, toy_ref, until, world
from tests.engine.virtual_time import EPOCH, ManualClock, virtually

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN
ONE, TWO = toy_ref("one"), toy_ref("two")
START = EPOCH + 1000
INTERVAL, TIMEOUT = 5.0, 2.0


def want_of(
    host: str = "a", ns: str = "shop", run: str = "1", interval: float = INTERVAL
) -> ProbeWant:
    probe = HttpProbe(f"http://{host}/", 200, 399, TIMEOUT)
    return ProbeWant(probe, ns, run, interval, passes=3, failures=3)


def wants_of(*hosts: str) -> tuple[ProbeWant, ...]:
    return tuple(want_of(host) for host in hosts)


A = want_of()


@dataclass
class Network:
    """Targets that answer as the script says: per host a text of letters, the last one for ever.

    P passes, F is an error, H hangs until the time-out, U is unknown, X is a fault of ours.
    """

    clock: ManualClock
    script: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    asked: list[tuple[str, float]] = field(default_factory=list)
    asking: list[str] = field(default_factory=list)
    most: int = 0
    seconds: float = TIMEOUT

    def times(self, host: str = "a") -> list[float]:
        return [at for name, at in self.asked if name == host]

    async def answer(self, probe: Probe) -> Answer:
        assert isinstance(probe, HttpProbe)
        host = probe.url.split("/")[2]
        assert host not in self.asking
        self.asked.append((host, self.clock.now() - START))
        self.asking.append(host)
        self.most = max(self.most, len(self.asking))
        try:
            return await self._said(host)
        finally:
            self.asking.remove(host)

    async def _said(self, host: str) -> Answer:
        letters = self.script.get(host, "P")
        letter = "H" if self.cut else letters[min(len(self.times(host)), len(letters)) - 1]
        match letter:
            case "P":
                return Answer(PASSED, True, "HTTP 200")
            case "F":
                return Answer(FAILED, True, "HTTP 500")
            case "U":
                return Answer(UNKNOWN, False, "cannot be resolved")
            case "X":
                raise ZeroDivisionError
            case _:
                await asyncio.sleep(self.seconds)
                return Answer(FAILED, False, "no answer")


@dataclass
class World:
    """A prober on virtual time."""

    clock: ManualClock = field(default_factory=ManualClock)
    metrics: Metrics = field(default_factory=Metrics)
    network: Network = field(init=False)
    prober: Prober = field(init=False)
    woken: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.network = Network(self.clock)
        self.prober = Prober(self.network, self.clock, self.metrics, self.wake)

    def wake(self, key: ObjectRef) -> None:
        self.woken.append((key.name, self.clock.now() - START))

    def run_of(self, want: ProbeWant = A) -> ProbeRun:
        return self.prober.answers((want,)).get(want, ProbeRun())

    def counts(self, want: ProbeWant = A) -> tuple[int, int, Outcome | None]:
        run = self.run_of(want)
        return run.passes, run.failures, run.outcome

    def rounds_woken(self, want: ProbeWant = A) -> list[int]:
        """Return after which probes of a want the keys were woken."""
        return [1 + round((at - first_delay(want)) / INTERVAL) for _, at in self.woken]

    def run(self, scenario: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            await scenario()
            self.prober.stop()

        virtually(self.clock, whole())


async def rounds(number: float) -> None:
    """Let so many probes of every want end."""
    await asyncio.sleep(number * INTERVAL)


def test_three_passes_in_a_row_are_counted_anew_after_a_failure() -> None:
    it, seen = World(), []
    it.network.script["a"] = "PPFPPP"

    async def scenario() -> None:
        it.prober.want(ONE, (A,))
        for _ in range(6):
            await rounds(1)
            seen.append(it.run_of().passes)

    it.run(scenario)
    assert seen == [1, 2, 0, 1, 2, 3]


def test_the_first_probes_come_within_a_second_and_then_fill_the_interval() -> None:
    it, hosts = World(), [f"pod-{number}" for number in range(50)]

    async def scenario() -> None:
        it.prober.want(ONE, wants_of(*hosts))
        await rounds(40)

    it.run(scenario)
    for host in hosts:
        times, part = it.network.times(host), phase(want_of(host))
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert times[0] == pytest.approx(part, abs=0.002)
        assert times[-1] % INTERVAL == pytest.approx(part * INTERVAL, abs=0.002)
        assert min(gaps) >= INTERVAL - 0.002
        assert max(gaps) <= INTERVAL * 1.05 + 0.002
    assert max(map(phase, wants_of(*hosts))) > 0.9
    assert min(map(phase, wants_of(*hosts))) < 0.1


def test_the_delay_of_the_first_probe_is_the_same_in_every_process() -> None:
    assert first_delay(A) == pytest.approx(0.0916, abs=1e-4)
    assert first_delay(want_of(interval=0.1)) < 0.1


def test_nobody_is_woken_but_at_another_outcome_and_at_thresholds() -> None:
    it = World()
    it.network.script["a"] = "PPPPPFFFFFP"

    async def scenario() -> None:
        it.prober.want(ONE, (A,))
        await rounds(12)

    it.run(scenario)
    assert it.rounds_woken() == [1, 3, 6, 8, 11]


def test_a_want_that_was_never_asked_has_no_answer() -> None:
    it = World()

    async def scenario() -> None:
        assert it.prober.answers((A,)) == {}
        it.prober.want(ONE, (A,))
        assert it.prober.answers((A,)) == {}
        await asyncio.sleep(1)
        assert set(it.prober.answers((A, want_of("b")))) == {A}

    it.run(scenario)


def test_a_changed_run_counts_anew() -> None:
    it, restarted = World(), want_of(run="2")

    async def scenario() -> None:
        it.prober.want(ONE, (A,))
        await rounds(2)
        assert it.counts() == (2, 0, PASSED)
        it.prober.want(ONE, (restarted,))
        await rounds(1)
        assert it.run_of() == ProbeRun()
        assert it.counts(restarted) == (1, 0, PASSED)

    it.run(scenario)


def test_a_cut_of_our_network_freezes_everything_and_its_end_goes_on() -> None:
    it, hosts = World(), [f"pod-{number}" for number in range(9)]
    others = tuple(want_of(f"other-{number}", "bank") for number in range(3))
    wants = (*wants_of(*hosts), *others)
    it.network.script["pod-0"] = "F"

    async def scenario() -> None:
        it.prober.want(ONE, wants)
        await rounds(2)
        it.network.cut = True
        await rounds(1)
        it.woken.clear()
        await rounds(60)
        assert {it.counts(want)[0] for want in wants[1:]} == {2}
        assert it.counts(wants[0]) == (0, 2, UNKNOWN)
        assert {it.run_of(want).outcome for want in wants} == {UNKNOWN}
        assert it.woken == []
        it.network.cut = False
        await rounds(1.5)
        assert it.run_of(wants[0]).outcome is FAILED
        assert it.run_of(wants[0]).failures >= 3
        assert {it.counts(want)[0] for want in wants[1:]} <= {3, 4}

    it.run(scenario)


def test_most_targets_that_fall_silent_at_once_are_frozen_for_a_while_even_if_some_speak() -> None:
    it, hosts = World(), [f"pod-{number}" for number in range(10)]
    silent = wants_of(*hosts[:6])

    async def scenario() -> None:
        it.prober.want(ONE, wants_of(*hosts))
        await rounds(2)
        it.network.script |= dict.fromkeys(hosts[:6], "H")
        await rounds(6)
        assert {it.run_of(want).outcome for want in silent} == {UNKNOWN}
        assert {it.run_of(want).failures for want in silent} == {0, 1}  # before it was most of them
        await rounds(4)
        assert {it.run_of(want).outcome for want in silent} == {FAILED}

    it.run(scenario)


def test_a_lone_hung_pod_among_healthy_ones_fails() -> None:
    it = World()
    it.network.script["a"] = "PPPH"

    async def scenario() -> None:
        it.prober.want(ONE, wants_of("a", "b", "c"))
        await rounds(3)
        assert it.counts() == (3, 0, PASSED)
        await rounds(4)
        assert it.run_of().outcome is FAILED
        assert it.run_of().failures >= 3
        assert it.counts(want_of("b")) == (7, 0, PASSED)

    it.run(scenario)


def test_a_lone_target_of_a_namespace_that_falls_silent_is_frozen_though_others_speak() -> None:
    it, lone = World(), want_of("lone", "bank")
    it.network.script["lone"] = "PPPH"

    async def scenario() -> None:
        it.prober.want(ONE, (*wants_of("a", "b", "c"), lone))
        await rounds(20)
        assert it.counts(lone) == (3, 0, UNKNOWN)

    it.run(scenario)


def test_errors_are_never_blamed_on_our_network() -> None:
    it, hosts = World(), ("a", "b", "c")
    it.network.script = dict.fromkeys(hosts, "F")

    async def scenario() -> None:
        it.prober.want(ONE, wants_of(*hosts))
        await rounds(3)
        assert {it.counts(want) for want in wants_of(*hosts)} == {(0, 3, FAILED)}

    it.run(scenario)


def test_what_cannot_be_asked_freezes() -> None:
    it = World()
    it.network.script["a"] = "PPUUP"

    async def scenario() -> None:
        it.prober.want(ONE, (A,))
        await rounds(4)
        assert it.counts() == (2, 0, UNKNOWN)
        await rounds(1)
        assert it.counts() == (3, 0, PASSED)

    it.run(scenario)


def test_two_keys_share_one_probe_and_both_are_woken() -> None:
    it = World()

    async def scenario() -> None:
        it.prober.want(ONE, (A,))
        it.prober.want(TWO, (A,))
        await rounds(2)

    it.run(scenario)
    assert len(it.network.asked) == 2
    assert sorted(name for name, _ in it.woken) == ["one", "two"]


def test_a_probe_ends_when_nobody_wants_it_and_is_forgotten() -> None:
    it = World()

    async def scenario() -> None:
        it.prober.want(ONE, (A, want_of("b")))
        it.prober.want(TWO, (A,))
        await rounds(2)
        it.prober.drop(ONE)
        await rounds(1)
        assert len(it.network.times("a")) == 3
        assert len(it.network.times("b")) == 2
        it.prober.want(TWO, ())
        await rounds(5)
        assert len(it.network.times("a")) == 3
        assert it.prober.answers((A,)) == {}
        it.prober.want(ONE, (A,))
        await rounds(1)
        assert it.counts() == (1, 0, PASSED)

    it.run(scenario)


def test_a_probe_that_is_under_way_ends_with_its_want() -> None:
    it = World()
    it.network.script["a"] = "H"

    async def scenario() -> None:
        it.prober.want(ONE, (A,))
        await asyncio.sleep(1.5)
        assert it.network.asking == ["a"]
        it.prober.drop(ONE)
        await asyncio.sleep(0)
        assert it.network.asking == []
        await rounds(3)

    it.run(scenario)
    assert len(it.network.asked) == 1
    assert it.woken == []


def test_a_probe_that_takes_longer_than_its_interval_is_never_asked_twice_at_once() -> None:
    it = World()
    it.network.script["a"], it.network.seconds = "H", 12.0

    async def scenario() -> None:
        it.prober.want(ONE, (A, want_of("b")))
        await asyncio.sleep(40)

    it.run(scenario)
    first = first_delay(A)
    expected = [first, first + 12, first + 24, first + 36]
    assert it.network.times() == pytest.approx(expected, abs=0.002)
    assert len(it.network.times("b")) == 8


def test_what_was_missed_is_not_made_up_for() -> None:
    it = World()

    async def scenario() -> None:
        it.prober.want(ONE, (A,))
        await rounds(1)
        it.clock.elapsed += 3600
        await asyncio.sleep(0)
        await rounds(2)

    it.run(scenario)
    assert len(it.network.asked) <= 5


def test_no_more_than_256_are_asked_at_the_same_time_and_none_is_left_out() -> None:
    it, hosts = World(), [f"pod-{number}" for number in range(600)]
    it.network.script = dict.fromkeys(hosts, "H")

    async def scenario() -> None:
        it.prober.want(ONE, wants_of(*hosts[:300]))
        it.prober.want(TWO, wants_of(*hosts[300:]))
        await asyncio.sleep(1.5)
        it.prober.drop(TWO)
        await asyncio.sleep(8)

    it.run(scenario)
    assert it.network.most == 256
    assert {host for host, _ in it.network.asked} >= set(hosts[:300])


def test_a_fault_of_our_own_is_unknown_is_told_once_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    it = World()
    it.network.script["a"] = "PXXP"

    async def scenario() -> None:
        it.prober.want(ONE, (A,))
        await rounds(3)
        assert it.counts() == (1, 0, UNKNOWN)
        assert it.run_of().detail == "fault: ZeroDivisionError()"
        await rounds(1)
        assert it.counts() == (2, 0, PASSED)

    it.run(scenario)
    assert len(caplog.records) == 1


def test_probes_are_measured() -> None:
    it = World()
    it.network.script["a"] = "PFH"

    async def scenario() -> None:
        it.prober.want(ONE, (A,))
        await rounds(4)

    it.run(scenario)
    text = it.metrics.text().decode()
    for line in (
        'sluice_probes_total{result="Passed"} 1.0',
        'sluice_probes_total{result="Failed"} 1.0',
        'sluice_probes_total{result="Unknown"} 2.0',
        "sluice_probe_seconds_count 4.0",
        "sluice_probe_seconds_sum 4.0",
    ):
        assert line in text


async def test_the_engine_probes_what_a_kind_wants_until_the_object_is_gone() -> None:
    def plan(observation: Observation) -> Work:
        details = [run.detail for run in observation.probes.values()]
        return Work(status={"said": details[0] if details else "nothing"})

    kind = Toy(wants_of=lambda _, __: Wants(probes=(want_of(interval=0.01),)), plan_of=plan)
    async with world(kind, toy()) as it:
        it.feed(toy_ref())
        await until(
            lambda: it.store.get(toy_ref()).get("status") == {"said": "probes are not switched on"}
        )
        asked = it.engine.prober.answers((want_of(interval=0.01),))
        assert len(asked) == 1

        it.engine.feed(toy_ref().resource, "DELETED", it.store.get(toy_ref()))
        await until(lambda: not it.engine.prober.answers(tuple(asked)))
