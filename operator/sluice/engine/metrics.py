"""What the operator tells Prometheus about itself.

Names follow controller-runtime's, so that dashboards for those controllers fit. No object names
in labels: with thousands of objects they would cost more than the objects.
"""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class QueueMetrics:
    """The work queue's metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.adds = Counter("sluice_workqueue_adds", "Keys added to the queue.", registry=registry)
        self.retries = Counter("sluice_workqueue_retries", "Keys put off.", registry=registry)
        self.waited = Histogram(
            "sluice_workqueue_queue_duration_seconds",
            "From being added to being processed.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.worked = Histogram(
            "sluice_workqueue_work_duration_seconds",
            "How long one processing took.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._depth = Gauge("sluice_workqueue_depth", "Keys that wait.", registry=registry)
        self._active = Gauge("sluice_active_workers", "Keys in processing.", registry=registry)
        self._unfinished = Gauge(
            "sluice_workqueue_unfinished_work_seconds",
            "Sum of the ages of processings that have not ended.",
            registry=registry,
        )
        self._longest = Gauge(
            "sluice_workqueue_longest_running_processor_seconds",
            "Age of the oldest processing.",
            registry=registry,
        )

    def watch(self, depth: Callable[[], int], ages: Callable[[], list[float]]) -> None:
        """Read the gauges from the queue whenever they are scraped."""
        self._depth.set_function(depth)
        self._active.set_function(lambda: len(ages()))
        self._unfinished.set_function(lambda: sum(ages()))
        self._longest.set_function(lambda: max(ages(), default=0.0))


class Metrics:
    """All metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.queue = QueueMetrics(self.registry)
        self.reconciles = self._counter("reconcile", "Passes by outcome.", "controller", "result")
        self.reconcile_errors = self._counter(
            "reconcile_errors", "Passes that something went wrong in.", "controller"
        )
        self.reconcile_seconds = Histogram(
            "sluice_reconcile_time_seconds",
            "How long a pass took.",
            ["controller"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.events = self._counter("events", "Kubernetes Events by reason.", "reason")
        self.writes = self._counter("writes", "Writes to the API server.", "verb", "result")
        self.watch_restarts = self._counter("watch_restarts", "Watch streams begun.", "kind")
        self.metric_queries = self._counter("metric_queries", "Questions by outcome.", "result")
        self.probes = self._counter("probes", "Probes by outcome.", "result")
        self.probe_seconds = Histogram(
            "sluice_probe_seconds",
            "How long a probe took.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.cache_objects = self._gauge("cache_objects", "Objects known.", "kind")
        self.leader = self._gauge("leader", "1 while this process holds the Lease.")
        self.loop_lag_seconds = self._gauge("event_loop_lag_seconds", "Lateness of a timer.")

    def text(self) -> bytes:
        """Return the metrics in the text format that Prometheus scrapes."""
        return generate_latest(self.registry)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"sluice_{name}", help_text, labels, registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"sluice_{name}", help_text, labels, registry=self.registry)
