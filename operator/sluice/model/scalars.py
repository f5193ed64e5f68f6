"""Scalars of the spec: shares written as «1%» and durations written as «1m30s»."""

import re
from datetime import UTC, datetime

_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")
_DURATION = re.compile(r"(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+(?:\.[0-9]+)?)s)?(?:([0-9]+)ms)?")
_HOUR, _MINUTE = 3600, 60


def parse_percent(text: str) -> float:
    """Return the share in 0..1 that a text like «2.5%» names; ValueError otherwise."""
    match = _PERCENT.fullmatch(text)
    if match is None or float(match[1]) > 100:  # noqa: PLR2004 - a percentage
        raise ValueError(f"{text!r} is not a percentage: write a number from 0% to 100%, as 1%")
    return float(match[1]) / 100


def parse_duration(text: str) -> float:
    """Return the seconds that a text like «1m30s», «10s» or «250ms» names; ValueError otherwise."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"{text!r} is not a duration: write for example 10s, 1m30s or 250ms")
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * _HOUR + minutes * _MINUTE + seconds + milliseconds / 1000


def format_percent(share: float) -> str:
    """Return a share in 0..1 as people read it: «1.9%», «0.05%», «12%»."""
    return f"{share * 100:.2g}%" if share < 0.1 else f"{share * 100:.3g}%"  # noqa: PLR2004 - 10%


def format_duration(seconds: float) -> str:
    """Return seconds as people read them: «1m30s», «4.2s», «2h»."""
    if seconds < 10:  # noqa: PLR2004 - tenths below it
        return f"{round(seconds, 1):g}s"
    hours, rest = divmod(round(seconds), _HOUR)
    minutes, left = divmod(rest, _MINUTE)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def format_instant(seconds: float) -> str:
    """Return seconds since the epoch as an RFC 3339 text in UTC with milliseconds."""
    text = datetime.fromtimestamp(round(seconds, 3), UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def parse_instant(text: str) -> float:
    """Return the seconds since the epoch that an RFC 3339 text names; ValueError otherwise."""
    return round(datetime.fromisoformat(text).timestamp(), 3)
