"""The words for how something fares."""

from enum import StrEnum


class State(StrEnum):
    """The five states of everything that is shown."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    PAUSED = "Paused"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"
