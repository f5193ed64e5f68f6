"""How many pods are enough: a number of them, or a percentage of all."""

import re
from dataclasses import dataclass

from sluice.model.fields import InvalidSpecError, field_path
from sluice.model.json import Body, canonical

_NUMBER_OR_PERCENT = re.compile(r"[0-9]{1,6}|([0-9]{1,2}|100)%")


@dataclass(frozen=True, slots=True)
class MinReady:
    """text: «2» or «50%», as the user wrote it."""

    text: str

    def of(self, total: int) -> int:
        """Return how many of `total` pods are asked for: a percentage is rounded up.

        A number stays what it is, even above `total`: 3 of 2 pods are never there.
        """
        if self.text.endswith("%"):
            return -(-total * int(self.text[:-1]) // 100)
        return int(self.text)


def min_ready(body: Body, name: str) -> MinReady:
    """Return the amount of pods that a field asks for, given as a number or as a text."""
    value = body.json(name)
    text = value if isinstance(value, str) else canonical(value)
    if _NUMBER_OR_PERCENT.fullmatch(text):
        return MinReady(text)
    fault = "is neither a number of pods nor a percentage from 0% to 100%"
    raise InvalidSpecError(field_path(body, name), canonical(value), fault, "2 or 50%")
