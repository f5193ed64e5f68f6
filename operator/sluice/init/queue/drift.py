"""Something of that name is there, but another thing: what was wanted and what was found."""

import re
from dataclasses import asdict, dataclass
from typing import Final

from sluice.init.exits import Exit, InitError

_INEQUIVALENT: Final = re.compile(
    r"inequivalent arg '(?P<argument>[^']*)' for (?P<kind>queue|exchange) '(?P<name>.*)'"
    r" in vhost '.*': received (?P<wanted>.+) but current is (?P<found>.+)"
)
_VALUE: Final = re.compile(r"(?:the value )?'(?P<value>.*?)'(?: of type '\w+')?")


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. kind: queue, exchange or stream.  argument: of it, or `type`."""

    kind: str
    name: str
    argument: str
    wanted: str
    found: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.argument} is {self.found}, not {self.wanted}"


def drift_of(told: str) -> Drift | None:
    """Return the difference that RabbitMQ tells when it refuses a declaration; None: no such."""
    found = _INEQUIVALENT.search(told)
    if found is None:
        return None
    return Drift(
        found["kind"],
        found["name"],
        found["argument"],
        _value(found["wanted"]),
        _value(found["found"]),
    )


def drift_error(drifts: tuple[Drift, ...]) -> InitError:
    """Return how a run ends that found differences: nothing was made, changed or deleted."""
    return InitError(
        Exit.DRIFT,
        "; ".join(str(drift) for drift in drifts),
        "nothing was made, changed or deleted there: write in the file what is found, or delete the"
        " thing by hand if nobody needs what it holds; of each, only the first difference is told",
        {"drift": tuple(asdict(drift) for drift in drifts)},
    )


def _value(told: str) -> str:
    found = _VALUE.fullmatch(told.strip())
    return found["value"] if found else told.strip()
