"""How often a healthy canary is rolled back, and how soon a bad one is.

Simulated requests are cut into ticks and judged by the very functions that the operator judges
with (`advance` and `end_at`; tests/unit/analysis/test_benchmark.py shows that `judge` makes the
same of the same requests as counters). Constants are the shipped ones; phi is that without history.

    python bench/false_rollbacks.py [--runs 300] [--seed 1] [--out bench/results]

Service: two SLOs (99% without error, 99% faster than a bound), both missed by 0.5% of the requests
of a healthy version; the canary has 10% of the traffic and one pod, stable has nine.

    none     requests fail independently
    bursts   failed requests come in bursts of 5 on average (geometric), a burst within one second,
             on top of the other requests (clients that retry)
    stall    each pod, every 300 s: nothing is answered for 2 s, then all that piled up, slow, and
             a third of it failed
    refuse   each pod, every 300 s: every request fails for 2 s

Silence is measured apart, at several weights: where stable has little traffic, what is expected of
the canary is a rough guess.
"""

import argparse
import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from sluice.analysis.counts import Counts
from sluice.analysis.course import end_at
from sluice.analysis.evidence import HARM_LIMIT
from sluice.analysis.harm import combined
from sluice.analysis.outage import is_outage
from sluice.analysis.silence import LEAST_SECONDS, is_silent
from sluice.analysis.slo import Measure, Slo
from sluice.analysis.state import SloState, advance
from sluice.analysis.ticks import Tick
from sluice.analysis.trial import Trial

Numbers = NDArray[np.int64]

WEIGHT = 10
HEALTHY_SHARE = 0.005
ROLLOUT_SECONDS = 1800
STABLE_PODS = 9
SPELL_SECONDS, SPELL_EVERY = 2, 300
BURST_SIZE = 5
SCRAPES = (1, 15)
RATES = (10, 100)
NOISES = ("none", "bursts", "stall", "refuse")
FAULTS = {"100% errors": 1.0, "50% errors": 0.5, "10x errors": 10 * HEALTHY_SHARE}
ONSETS = (60, 600)
OBSERVED_AFTER_FAULT = 900
SILENCE_WEIGHTS, SILENCE_RATES = (10, 50, 95), (1, 6, 30)

SLOS = (
    Slo(name="errors", critical=True, measure=Measure.ERRORS, max_share=0.01, per_backend=True),
    Slo(
        name="latency",
        critical=True,
        measure=Measure.LATENCY,
        max_share=0.01,
        per_backend=True,
        bound_seconds=1.0,
    ),
)


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of one arm by second: all, failed, slow."""

    total: Numbers
    failed: Numbers
    slow: Numbers

    def per_tick(self, seconds: int) -> "Requests":
        """Return the requests by tick of this many seconds."""
        return Requests(*(_blocks(column, seconds) for column in self.columns))

    @property
    def columns(self) -> tuple[Numbers, Numbers, Numbers]:
        """The three columns."""
        return self.total, self.failed, self.slow


def _blocks(column: Numbers, seconds: int) -> Numbers:
    whole = len(column) // seconds * seconds
    blocks: Numbers = column[:whole].reshape(-1, seconds).sum(axis=1)
    return blocks


def healthy(
    generator: np.random.Generator, rate: float, pods: int, noise: str, seconds: int
) -> Requests:
    """Return the requests of an arm of equal pods; rate in requests per second of the arm."""
    parts = [_pod(generator, rate / pods, noise, seconds) for _ in range(pods)]
    return Requests(*(np.sum(column, axis=0) for column in zip(*parts, strict=True)))


def _pod(
    generator: np.random.Generator, rate: float, noise: str, seconds: int
) -> tuple[Numbers, Numbers, Numbers]:
    total = generator.poisson(rate, seconds)
    slow = generator.binomial(total, HEALTHY_SHARE)
    if noise == "bursts":
        bursts = generator.poisson(rate * HEALTHY_SHARE / BURST_SIZE, seconds)
        more = generator.negative_binomial(np.maximum(bursts, 1), 1 / BURST_SIZE)
        failed = np.where(bursts > 0, bursts + more, 0)
        return total + failed, failed, slow
    failed = generator.binomial(total, HEALTHY_SHARE)
    for begin in range(int(generator.integers(SPELL_EVERY)), seconds - SPELL_SECONDS, SPELL_EVERY):
        end = begin + SPELL_SECONDS
        if noise == "refuse":
            failed[begin:end] = total[begin:end]
        if noise == "stall":
            piled = total[begin : end + 1].sum()
            total[begin:end] = failed[begin:end] = slow[begin:end] = 0
            total[end] = slow[end] = piled
            failed[end] = generator.binomial(piled, 1 / 3)
    return total, failed, slow


def ticks_of(canary: Requests, stable: Requests, scrape_seconds: int) -> Iterator[list[Tick]]:
    """Yield for each tick the ticks of the SLOs."""
    arms = canary.per_tick(scrape_seconds), stable.per_tick(scrape_seconds)
    columns = [column.tolist() for arm in arms for column in arm.columns]
    for number, row in enumerate(zip(*columns, strict=True)):
        start, end = float(number * scrape_seconds), float((number + 1) * scrape_seconds)
        total, failed, slow, stable_total, stable_failed, stable_slow = map(float, row)
        yield [
            Tick(start, end, Counts(failed, total), Counts(stable_failed, stable_total)),
            Tick(start, end, Counts(slow, total), Counts(stable_slow, stable_total)),
        ]


def trial_of(scrape_seconds: int) -> Trial:
    """Return the trial; no step is judged, only what leads to a rollback."""
    return Trial(
        slos=SLOS,
        scrape_seconds=scrape_seconds,
        rollout_started=0.0,
        step_started=math.inf,
        weight=WEIGHT,
    )


def first_rollback(canary: Requests, stable: Requests, scrape_seconds: int) -> str | None:
    """Return what a rollout is rolled back for, None if it is not."""
    trial = trial_of(scrape_seconds)
    states = [SloState(counted_until=0.0)] * len(SLOS)
    evidence = [1.0] * len(SLOS)
    whole = math.ceil(LEAST_SECONDS / scrape_seconds)
    window: list[Tick] = []
    for ticks in ticks_of(canary, stable, scrape_seconds):
        for index, tick in enumerate(ticks):
            states[index] = advance(states[index], tick, SLOS[index], trial)
            evidence[index] = states[index].harm_evidence
            end = end_at(trial, index, states[index], evidence)
            if end is not None:
                return str(end.verdict)
        window = [*window, ticks[0]][-whole:]
        if len(window) == whole and silent(window):
            return "silence"
    return None


def silent(window: list[Tick]) -> bool:
    """Whether the canary answered far too few requests in these ticks."""
    canary = sum(tick.canary.total for tick in window)
    return is_silent(canary, sum(tick.stable.total for tick in window), WEIGHT)


@dataclass(frozen=True, slots=True)
class FalseSilences:
    """How many rollouts of a canary that answers everything were found silent in 30 minutes."""

    rate: int
    weight: int
    runs: int
    count: int


def measure_silence(rate: int, weight: int, runs: int, seed: int) -> FalseSilences:
    """Return the false silences at 1 s scrapes, looked for at each scrape."""
    generator = seeded(seed, "silence", rate, weight)
    count = 0
    for _ in range(runs):
        arms = [
            generator.poisson(rate * share / 100, ROLLOUT_SECONDS)
            for share in (weight, 100 - weight)
        ]
        canary, stable = (np.convolve(arm, np.ones(int(LEAST_SECONDS)), "valid") for arm in arms)
        pairs = zip(canary.tolist(), stable.tolist(), strict=True)
        count += any(is_silent(answered, others, weight) for answered, others in pairs)
    return FalseSilences(rate, weight, runs, count)


@dataclass(frozen=True, slots=True)
class FalseRollbacks:
    """One cell: `causes` counts the rollbacks by verdict."""

    rate: int
    scrape_seconds: int
    noise: str
    runs: int
    causes: dict[str, int]

    @property
    def count(self) -> int:
        """All rollbacks."""
        return sum(self.causes.values())


def measure_false(
    rate: int, scrape_seconds: int, noise: str, runs: int, seed: int
) -> FalseRollbacks:
    """Return how many of so many rollouts of a healthy canary are rolled back in 30 minutes."""
    generator = seeded(seed, "false", rate, noise)
    causes: dict[str, int] = {}
    for _ in range(runs):
        canary = healthy(generator, rate * WEIGHT / 100, 1, noise, ROLLOUT_SECONDS)
        stable = healthy(generator, rate * (1 - WEIGHT / 100), STABLE_PODS, noise, ROLLOUT_SECONDS)
        cause = first_rollback(canary, stable, scrape_seconds)
        if cause is not None:
            causes[cause] = causes.get(cause, 0) + 1
    return FalseRollbacks(rate, scrape_seconds, noise, runs, causes)


@dataclass(frozen=True, slots=True)
class Detections:
    """Seconds from the fault to the end of the tick that calls for a rollback.

    Each percentile is None when fewer runs than that were detected within the time observed.
    """

    scrape_seconds: int
    fault: str
    onset: int
    runs: int
    outage_p50: float | None
    outage_p90: float | None
    evidence_p50: float | None
    evidence_p90: float | None
    either_p50: float | None
    either_p90: float | None


def measure_detection(
    scrape_seconds: int, fault: str, onset: int, runs: int, seed: int
) -> Detections:
    """Return how soon a canary with 10 of 100 requests per second is found to fail."""
    generator = seeded(seed, "detect", scrape_seconds, fault, onset)
    outages, evidences, either = [], [], []
    for _ in range(runs):
        out, harmed = _detected(generator, scrape_seconds, FAULTS[fault], onset)
        outages.append(out)
        evidences.append(harmed)
        either.append(min(out, harmed))
    columns = (outages, evidences, either)
    found = [percentile(column, share) for column in columns for share in (0.5, 0.9)]
    return Detections(scrape_seconds, fault, onset, runs, *found)


def _detected(
    generator: np.random.Generator, scrape_seconds: int, share: float, onset: int
) -> tuple[float, float]:
    """Return the seconds from the fault to the outage, and to enough evidence of harm."""
    fault = onset + float(generator.uniform(0, scrape_seconds))
    seconds = onset + scrape_seconds + OBSERVED_AFTER_FAULT
    canary = _failing(generator, healthy(generator, 10, 1, "none", seconds), fault, share)
    stable = healthy(generator, 90, 1, "none", seconds)
    trial = trial_of(scrape_seconds)
    states = [SloState(counted_until=0.0)] * len(SLOS)
    out = harmed = math.inf
    for ticks in ticks_of(canary, stable, scrape_seconds):
        states = [advance(*one, trial) for one in zip(states, ticks, SLOS, strict=True)]
        since = ticks[0].end - fault
        if is_outage(states[0].streak, trial.outage, scrape_seconds):
            out = min(out, since)
        if combined(SLOS, [state.harm_evidence for state in states]) >= HARM_LIMIT:
            return out, since
    return out, harmed


def _failing(generator: np.random.Generator, arm: Requests, fault: float, share: float) -> Requests:
    """Return the arm with this share of failures from the instant of the fault."""
    second = int(fault)
    failed = arm.failed.copy()
    failed[second + 1 :] = generator.binomial(arm.total[second + 1 :], share)
    failed[second] = generator.binomial(arm.total[second], share * (second + 1 - fault))
    return Requests(arm.total, failed, arm.slow)


def percentile(values: list[float], share: float) -> float | None:
    """Return the value that this share of the values does not exceed, None if it is infinite."""
    value = sorted(values)[math.ceil(share * len(values)) - 1]
    return round(value, 2) if math.isfinite(value) else None


def seeded(seed: int, *cell: object) -> np.random.Generator:
    """Return the generator of a cell: the same for the same seed, whatever else is run."""
    return np.random.default_rng([seed, zlib.crc32(repr(cell).encode())])


def wilson(count: int, runs: int) -> tuple[float, float]:
    """Return the 95% Wilson interval of a share."""
    z, share = 1.959964, count / runs
    middle = share + z * z / (2 * runs)
    half = z * math.sqrt(share * (1 - share) / runs + z * z / (4 * runs * runs))
    scale = 1 + z * z / runs
    return max((middle - half) / scale, 0.0), (middle + half) / scale


def table_of_false(cells: list[FalseRollbacks]) -> Table:
    """Return the false rollbacks as a table."""
    table = Table("rps", "scrape", "noise", "runs", "false", "95% interval", "causes", box=MARKDOWN)
    for cell in cells:
        low, high = wilson(cell.count, cell.runs)
        causes = ", ".join(f"{count} {cause}" for cause, count in sorted(cell.causes.items()))
        table.add_row(
            str(cell.rate),
            f"{cell.scrape_seconds} s",
            cell.noise,
            str(cell.runs),
            f"{cell.count / cell.runs:.2%}",
            f"{low:.2%} to {high:.2%}",
            causes,
        )
    return table


def table_of_silences(cells: list[FalseSilences]) -> Table:
    """Return the false silences as a table."""
    table = Table("rps", "weight", "runs", "false silence", box=MARKDOWN)
    for cell in cells:
        share = f"{cell.count / cell.runs:.2%}"
        table.add_row(str(cell.rate), f"{cell.weight}%", str(cell.runs), share)
    return table


def table_of_detections(cells: list[Detections]) -> Table:
    """Return the detection times (p50/p90 in seconds) as a table."""
    table = Table("scrape", "fault", "at", "runs", "outage", "evidence", "either", box=MARKDOWN)
    for cell in cells:
        table.add_row(
            f"{cell.scrape_seconds} s",
            cell.fault,
            f"{cell.onset} s",
            str(cell.runs),
            _pair(cell.outage_p50, cell.outage_p90),
            _pair(cell.evidence_p50, cell.evidence_p90),
            _pair(cell.either_p50, cell.either_p90),
        )
    return table


def _pair(middle: float | None, late: float | None) -> str:
    return "/".join("-" if value is None else f"{value:.1f}" for value in (middle, late))


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that was measured."""

    seed: int
    false_rollbacks: list[FalseRollbacks]
    detection_seconds: list[Detections]
    false_silences: list[FalseSilences]


def measure(runs: int, seed: int) -> Results:
    """Measure all cells; detection takes fewer runs, it is a matter of percentiles."""
    return Results(
        seed,
        [
            measure_false(rate, scrape, noise, runs, seed)
            for scrape in SCRAPES
            for rate in RATES
            for noise in NOISES
        ],
        [
            measure_detection(scrape, fault, onset, max(runs // 5, 1), seed)
            for scrape in SCRAPES
            for fault in FAULTS
            for onset in ONSETS
        ],
        [
            measure_silence(rate, weight, runs, seed)
            for weight in SILENCE_WEIGHTS
            for rate in SILENCE_RATES
        ],
    )


def report(results: Results, folder: Path) -> None:
    """Print the tables and write them, with all numbers, to a folder."""
    console = Console(width=110, record=True)
    console.print("False rollbacks of a healthy canary in 30 minutes")
    console.print(table_of_false(results.false_rollbacks))
    console.print("Seconds from the fault to the verdict, p50/p90, 10 of 100 requests per second")
    console.print(table_of_detections(results.detection_seconds))
    console.print("Silence found of a canary that answers, in 30 minutes")
    console.print(table_of_silences(results.false_silences))
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(line.rstrip() for line in console.export_text().splitlines())
    (folder / "false_rollbacks.md").write_text(text + "\n")
    (folder / "false_rollbacks.json").write_text(json.dumps(asdict(results), indent=1) + "\n")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=300, help="rollouts per cell (default 300)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    report(measure(options.runs, options.seed), options.out)


if __name__ == "__main__":
    main()
