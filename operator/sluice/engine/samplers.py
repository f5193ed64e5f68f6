"""Metric questions in tasks of their own: a slow Prometheus never holds up a decision.

Equal questions are asked once, however many objects want the answer.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sluice.adapters.clock import Clock
from sluice.adapters.prometheus import MetricSource, PrometheusError
from sluice.engine.metrics import Metrics
from sluice.engine.samples import SampleStore
from sluice.model.metrics import MetricAnswer, MetricQuery, MetricWant
from sluice.model.references import ObjectRef

log = logging.getLogger(__name__)

# Prometheus commits a scrape when it has ended, under the instant at which it began: what is
# younger than this may still gain samples and is asked for again.
_OVERLAP_SECONDS = 10.0
# One question never spans more, so a long backfill comes in pieces below the answer's cap.
_SPAN_SECONDS = 900.0
# From the instant of a sample to when a query sees it (the median that was measured).
_COMMIT_SECONDS = 0.06
_RETRY_CAP_SECONDS = 5.0
_SHORTEST_SECONDS = 0.1


@dataclass(slots=True)
class _Sampler:
    """One query, who wants it, and its task.

    needed_until: up to when its answer has to be known for those who want it to use a sample of
    another query; a counter of errors that has none yet says so only by being asked.
    """

    query: MetricQuery
    store: SampleStore
    needed_until: float = 0.0
    wants: dict[ObjectRef, MetricWant] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def since(self) -> float:
        """From when on someone needs samples."""
        return min(want.since for want in self.wants.values())

    @property
    def interval_seconds(self) -> float:
        """How often someone needs a fresh answer."""
        return min(want.interval_seconds for want in self.wants.values())

    @property
    def behind(self) -> bool:
        """Whether someone could go on if this query were asked now."""
        failing = self.store.failing_since is not None
        return self.store.covered_until < self.needed_until and not failing


class Samplers:
    """All queries that are wanted, by anyone, at this moment."""

    def __init__(
        self,
        source: MetricSource,
        clock: Clock,
        metrics: Metrics,
        wake: Callable[[ObjectRef], None],
    ) -> None:
        self._source = source
        self._clock = clock
        self._metrics = metrics
        self._wake = wake
        self._samplers: dict[MetricQuery, _Sampler] = {}
        self._queries: dict[ObjectRef, frozenset[MetricQuery]] = {}

    def want(self, key: ObjectRef, wants: tuple[MetricWant, ...]) -> None:
        """Replace what a key asks: new questions are begun, those that nobody asks any more end."""
        new = frozenset(want.query for want in wants)
        for query in self._queries.get(key, frozenset()) - new:
            self._unwant(key, query)
        for want in wants:
            self._begin(key, want)
        if new:
            self._queries[key] = new
        else:
            self._queries.pop(key, None)

    def drop(self, key: ObjectRef) -> None:
        """Forget a key."""
        self.want(key, ())

    def answers(self, wants: tuple[MetricWant, ...]) -> Mapping[MetricQuery, MetricAnswer]:
        """Return what is known of each question at this moment."""
        found = ((want.query, self._samplers.get(want.query)) for want in wants)
        return {query: sampler.store.answer() for query, sampler in found if sampler is not None}

    def stop(self) -> None:
        """End all questions."""
        for key in tuple(self._queries):
            self.drop(key)

    def _begin(self, key: ObjectRef, want: MetricWant) -> None:
        sampler = self._samplers.get(want.query)
        if sampler is None:
            sampler = _Sampler(want.query, SampleStore())
            self._samplers[want.query] = sampler
        sampler.wants[key] = want
        sampler.woken.set()
        if sampler.task is None:
            sampler.task = asyncio.create_task(self._sample(sampler), name=want.query.selector)

    def _unwant(self, key: ObjectRef, query: MetricQuery) -> None:
        sampler = self._samplers[query]
        del sampler.wants[key]
        if not sampler.wants:
            del self._samplers[query]
            if sampler.task is not None:
                sampler.task.cancel()

    async def _sample(self, sampler: _Sampler) -> None:
        failures = 0
        while True:
            try:
                changed, delay = await self._ask(sampler)
                failures = 0
            except Exception as error:  # noqa: BLE001 - an unforeseen answer must not end the task
                changed = self._fail(sampler, error)
                failures += 1
                delay = min(sampler.interval_seconds * failures, _RETRY_CAP_SECONDS)
            if changed:
                for key in tuple(sampler.wants):
                    self._wake(key)
            await self._rest(sampler, delay)

    async def _ask(self, sampler: _Sampler) -> tuple[bool, float]:
        """Ask once; return whether anything is new, and the seconds until the next question."""
        store, now, awaited = sampler.store, self._clock.now(), sampler.behind
        start, end = next_range(store, sampler.since, now)
        series = await self._source.samples(sampler.query, start, end)
        self._metrics.metric_queries.labels("answered").inc()
        recovered = store.failing_since is not None
        store.failing_since, store.error = None, ""
        new = store.merge(series, start, end)
        if new:
            self._hurry_others(sampler)
        if sampler.wants:
            store.trim(sampler.since)
        changed = new or recovered or (awaited and not sampler.behind)
        if store.covered_until < now or sampler.since < store.covered_from:
            return changed, 0.0
        delay = next_question(store.latest(), self._clock.now(), sampler.interval_seconds)
        return changed, delay

    def _hurry_others(self, sampler: _Sampler) -> None:
        """Have the other queries of those who want this one asked up to its newest sample."""
        newest = min(max(sampler.store.latest(), default=0.0), self._clock.now())
        queries = {query for key in sampler.wants for query in self._queries.get(key, ())}
        for other in (self._samplers[query] for query in queries if query in self._samplers):
            if other.store.covered_until < newest:
                other.needed_until = max(other.needed_until, newest)
                other.woken.set()

    def _fail(self, sampler: _Sampler, error: Exception) -> bool:
        self._metrics.metric_queries.labels("failed").inc()
        store, text = sampler.store, str(error) or type(error).__name__
        changed = store.error != text
        if store.failing_since is None:
            store.failing_since = self._clock.now()
            foreseen = isinstance(error, PrometheusError)
            trace = None if foreseen else error
            log.warning("%s cannot be asked: %s", sampler.query.selector, text, exc_info=trace)
        store.error = text
        return changed

    async def _rest(self, sampler: _Sampler, delay: float) -> None:
        """Wait, but not when someone needs more, sooner or older samples than there are."""
        until = self._clock.monotonic() + delay
        while (left := until - self._clock.monotonic()) > 0 and not sampler.behind:
            sampler.woken.clear()
            try:
                async with asyncio.timeout(left):
                    await sampler.woken.wait()
            except TimeoutError:
                return
            if sampler.since < sampler.store.covered_from or sampler.interval_seconds < left:
                return


def next_range(store: SampleStore, since: float, now: float) -> tuple[float, float]:
    """Return what to ask for next, so that what is covered stays without holes.

    The newest span comes first, since decisions hang on it; then the past, backwards; from then
    on what is new, and once more what may have been incomplete when it was asked for.
    """
    if store.covered_until == 0.0:
        return max(since, now - _SPAN_SECONDS), now
    if since < store.covered_from:
        return max(since, store.covered_from - _SPAN_SECONDS), store.covered_from
    start = max(since, store.covered_until - _OVERLAP_SECONDS)
    return start, min(now, start + _SPAN_SECONDS)


def next_question(latest: tuple[float, ...], now: float, interval_seconds: float) -> float:
    """Return the seconds until a new sample is likely to be there.

    Prometheus scrapes a target at a fixed phase, so a live series' next sample is due one interval
    after its last. Targets have different phases: a quarter of the interval is the shortest rhythm.
    Only when a sample is late, and so may come at any moment, is it an eighth.
    """
    due = [at + interval_seconds + _COMMIT_SECONDS - now for at in latest]
    if any(-interval_seconds < delay <= 0 for delay in due):
        return max(interval_seconds / 8, _SHORTEST_SECONDS)
    ahead = min((delay for delay in due if delay > 0), default=0.0)
    shortest = max(interval_seconds / 4, _SHORTEST_SECONDS)
    return min(max(shortest, ahead), interval_seconds + _COMMIT_SECONDS)
