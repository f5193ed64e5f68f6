"""The fields of status that this program reads and writes.

The API server drops fields that its schema does not know: status is the operator's memory, so an
older CRD would make it forget.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from sluice.model.references import ROLLOUTS, STARTUPGRAPHS, Resource


def _below(path: str, names: str) -> Iterator[str]:
    return (f"{path}.{name}" for name in names.split())


_CONDITION: Final = "lastTransitionTime message observedGeneration reason status type"

STATUS_FIELDS: Final[Mapping[Resource, frozenset[str]]] = {
    ROLLOUTS: frozenset(
        {
            "actualWeight",
            "after",
            *_below("analysis[]", "critical evidence limit note slo verdict"),
            *_below("analysis[].canary", "bad total"),
            *_below("analysis[].stable", "bad total"),
            "badRequests",
            "bakeStartedAt",
            *_below("canary", "ready replicaSet revision size"),
            "capacity",
            *_below("checkpoint", "countedUntil logs"),
            "checkpointAt",
            *_below("conditions[]", _CONDITION),
            *_below("consumed", "abort pause promote promoteFull resume retry"),
            "contested",
            *_below("ending", "message reason weight"),
            *_below("history[]", "badRequests ended from message outcome reason started to"),
            "judgedFrom",
            "message",
            "nextAt",
            "observedGeneration",
            *_below("overdispersion[]", "phi slo"),
            "pausedByCommand",
            "pausedSince",
            "phase",
            *_below("rejected", "at message reason revision"),
            "rolloutStartedAt",
            *_below("routes[]", "name weight"),
            *_below("stable", "ready replicaSet revision size"),
            "stage",
            "stageSince",
            "startedAt",
            "step",
            "stepStartedAt",
            "stepText",
            "targetUID",
            "unprovenSteps",
            "verifiedAt",
            "weight",
        }
    ),
    STARTUPGRAPHS: frozenset(
        {
            "appliedSpec",
            *_below("conditions[]", _CONDITION),
            "nodeCount",
            *_below("nodes[]", "complete message name readyAt releasedAt since started state uid"),
            *_below("nodes[].init", "consumed job reasons[] uid"),
            *_below("nodes[].init.outcome", "by ended exitCode image result said started tries"),
            *_below("nodes[].init.run", "checksum direction lock run version"),
            "observedGeneration",
            "phase",
            "ready",
            "readyAt",
            "startedAt",
            "waitingFor",
        }
    ),
}
