"""A Prometheus that scrapes the gateway's counters every whole second and answers selectors."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sluice.adapters.prometheus import PrometheusError
from sluice.model.metrics import Labels, MetricQuery, Series, labels_of

SCRAPE_SECONDS = 1.0
_KEPT_SCRAPES = 150
_REQUESTS, _WITNESS = "traefik_service_requests_total", "traefik_config_reloads_total"
_TARGET = {"job": "traefik", "instance": "traefik:8080"}
_SELECTOR = re.compile(r"(\w+)(?:\{(.*)\})?")
_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)",?')
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "=~": lambda value, pattern: re.fullmatch(pattern, value) is not None,
    "!~": lambda value, pattern: re.fullmatch(pattern, value) is None,
}


@dataclass
class Counters:
    """The gateway's counters and the samples that were scraped of them. down: nothing answers."""

    down: bool = False
    values: dict[Labels, float] = field(default_factory=dict)
    samples: dict[Labels, tuple[tuple[float, float], ...]] = field(default_factory=dict)

    def fork(self) -> "Counters":
        """Return a copy."""
        return Counters(self.down, dict(self.values), dict(self.samples))

    def count(self, service: str, code: str, requests: float) -> None:
        """Count requests; fractions add up and are not shown."""
        if requests <= 0:
            return
        backend = f"shop-{service}-http-80@kubernetesgateway"
        labels = labels_of({"__name__": _REQUESTS, "service": backend, "code": code, **_TARGET})
        self.values[labels] = self.values.get(labels, 0.0) + requests

    def scrape(self, now: float) -> None:
        """Take a sample of every counter. A Prometheus that is down still scrapes."""
        self.values[labels_of({"__name__": _WITNESS, **_TARGET})] = 1.0
        for labels, value in self.values.items():
            if whole := float(int(value + 1e-6)):
                known = self.samples.get(labels, ())
                self.samples[labels] = (*known, (now, whole))[-_KEPT_SCRAPES:]

    async def samples_of(self, query: MetricQuery, start: float, end: float) -> tuple[Series, ...]:
        """Return the samples of a selector within a time."""
        if self.down:
            raise PrometheusError("connection refused")
        matches = _matching(query.selector)
        found = []
        for labels, samples in sorted(self.samples.items()):
            within = [sample for sample in samples if start <= sample[0] <= end]
            if within and matches(dict(labels)):
                found.append(Series(labels, *zip(*within, strict=True)))
        return tuple(found)


def _matching(selector: str) -> Callable[[Mapping[str, str]], bool]:
    match = _SELECTOR.fullmatch(selector)
    assert match is not None, f"{selector} is not a selector that this Prometheus knows"
    matchers = [("__name__", "=", match[1]), *_MATCHER.findall(match[2] or "")]
    return lambda labels: all(
        _OPERATORS[how](labels.get(label, ""), wanted) for label, how, wanted in matchers
    )
