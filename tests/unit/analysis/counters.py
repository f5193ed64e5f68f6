"""Builders of counters as Prometheus would hold them, for the tests of the analysis."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from sluice.analysis.slo import ArmData, Measure, Slo, SloData
from sluice.analysis.trial import Trial
from sluice.model.metrics import MetricAnswer, Series, labels_of

EPOCH = 1_800_000_000.0
LEAD = 90
"""Scrapes before the rollout, with counters at rest: what a judgement looks back over."""

ERRORS = Slo(name="errors", critical=True, measure=Measure.ERRORS, max_share=0.01, per_backend=True)
LATENCY = Slo(
    name="latency",
    critical=True,
    measure=Measure.LATENCY,
    max_share=0.01,
    per_backend=True,
    bound_seconds=1.0,
)
POD_ERRORS = replace(ERRORS, per_backend=False)
NOTHING = MetricAnswer()

Step = tuple[float, float]
"""Requests and bad requests of one scrape interval."""


def series(
    values: Sequence[float | None], *, start: float = EPOCH, step: float = 1.0, **labels: str
) -> Series:
    """A series with a sample for each value that is not None, `step` seconds apart."""
    given = {"job": "traefik", "instance": "gateway", **labels}
    samples = [
        (start + index * step, value) for index, value in enumerate(values) if value is not None
    ]
    return Series(
        labels_of(given), tuple(at for at, _ in samples), tuple(value for _, value in samples)
    )


def answer(*found: Series, since: float | None = None, until: float | None = None) -> MetricAnswer:
    """An answer that covers its series, or the given instants."""
    times = [instant for one in found for instant in one.timestamps] or [EPOCH]
    return MetricAnswer(
        found,
        covered_from=min(times) if since is None else since,
        covered_until=max(times) if until is None else until,
    )


def counter(amounts: Sequence[float], *, step: float = 1.0, **labels: str) -> Series:
    """A counter at rest until `EPOCH`, that then grows by one amount per scrape."""
    values = [0.0] * LEAD + list(accumulate(amounts, initial=0.0))
    return series(values, start=EPOCH - LEAD * step, step=step, **labels)


def arm(name: str, steps: Sequence[Step], *, step: float = 1.0, **labels: str) -> ArmData:
    """One arm with a counter of requests and one of bad ones."""
    total = counter([total for total, _ in steps], step=step, service=name, **labels)
    bad = counter([bad for _, bad in steps], step=step, service=name, code="500", **labels)
    return ArmData(answer(total), answer(bad))


def histogram_arm(
    name: str,
    steps: Sequence[Step],
    *,
    bounds: Sequence[str] = ("0.1", "1.0", "+Inf"),
    slow_beyond: float = 1.0,
    step: float = 1.0,
) -> ArmData:
    """One arm with a histogram: bad requests are slower than every bound up to `slow_beyond`."""
    count = counter([total for total, _ in steps], step=step, service=name, __name__="x_count")
    fast = [total - bad for total, bad in steps]
    buckets = [
        counter(
            fast if float(bound) <= slow_beyond else [total for total, _ in steps],
            step=step,
            service=name,
            le=bound,
            __name__="x_bucket",
        )
        for bound in bounds
    ]
    return ArmData(answer(count), answer(*buckets))


def gateway(canary: Sequence[Step], stable: Sequence[Step], *, step: float = 1.0) -> SloData:
    """Both arms as one gateway counts them."""
    return SloData(arm("canary", canary, step=step), arm("stable", stable, step=step))


def in_pods(canary: Sequence[Step], stable: Sequence[Step], *, step: float = 1.0) -> SloData:
    """Both arms as one pod each counts its own."""
    return SloData(
        arm("canary", canary, step=step, instance="10.0.0.1", pod="canary-1"),
        arm("stable", stable, step=step, instance="10.0.0.2", pod="stable-1"),
    )


def trial(
    *slos: Slo,
    scrape_seconds: float = 1.0,
    weight: int = 10,
    step_started: float = EPOCH,
    all_warm_from: float = 0.0,
    warm_from: Mapping[str, float] | None = None,
    phi: float = 4.0,
) -> Trial:
    """A trial that began, with its present step, at `EPOCH`."""
    judged = slos or (ERRORS,)
    return Trial(
        slos=judged,
        scrape_seconds=scrape_seconds,
        rollout_started=EPOCH,
        step_started=step_started,
        weight=weight,
        warm_from=warm_from or {},
        all_warm_from=all_warm_from,
        phi={slo.name: phi for slo in judged},
    )


def cut(answer_: MetricAnswer, since: float, until: float) -> MetricAnswer:
    """What of an answer is known at the instant `until` if it was asked for since `since`."""
    kept = tuple(
        Series(
            one.labels,
            tuple(at for at in one.timestamps if since <= at <= until),
            tuple(
                value
                for at, value in zip(one.timestamps, one.values, strict=True)
                if since <= at <= until
            ),
        )
        for one in answer_.series
    )
    return replace(
        answer_,
        series=tuple(one for one in kept if one.timestamps),
        covered_from=max(since, answer_.covered_from),
        covered_until=until,
    )


def cut_data(data: SloData, since: float, until: float) -> SloData:
    """The same for all answers of an SLO."""
    canary, stable = (
        ArmData(
            cut(one.total, since, until),
            cut(one.part, since, until),
            None if one.scrapes is None else cut(one.scrapes, since, until),
        )
        for one in (data.canary, data.stable)
    )
    return SloData(canary, stable)


NAN = math.nan
