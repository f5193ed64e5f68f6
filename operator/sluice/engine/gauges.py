"""Gauges that follow from the status of our own objects, read whenever they are scraped."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sluice.engine.own import OwnObjects
from sluice.model.json import MalformedError
from sluice.model.readings import Family, Gauges

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OwnGauges(Collector):
    """Reads one kind's objects.

    leads: only the replica that decides shows them, or each value would be there for each replica.
    """

    gauges: Gauges
    own: OwnObjects
    leads: Callable[[], bool]

    def describe(self) -> Iterator[Metric]:
        """Yield the gauges without values."""
        yield from map(_empty, self.gauges.families)

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges with the values of now."""
        found = {family: _empty(family) for family in self.gauges.families}
        for ref, own in self.own.known(self.gauges.resource).items() if self.leads() else ():
            try:
                readings = self.gauges.read(own.body)
            except (MalformedError, ValueError) as error:
                log.debug("%s has no gauges: %s", ref, error)  # its own condition says why
                continue
            for reading in readings:
                found[reading.family].add_metric(reading.labels, reading.value)
        yield from found.values()


def _empty(family: Family) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"sluice_{family.name}", family.meaning, labels=family.labels)
