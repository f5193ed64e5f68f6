"""Ages and countdowns, as people read them."""

from sluice.model.scalars import format_duration

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def age(since: float, now: float) -> str:
    """Return how long ago an instant was in one unit, two near its bound: «24s», «3m12s», «6d»."""
    seconds = max(0, int(now - since))
    if seconds < 10 * _MINUTE:
        return format_duration(seconds)
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE}m"
    return f"{seconds // _HOUR}h" if seconds < 2 * _DAY else f"{seconds // _DAY}d"


def until(instant: float, now: float) -> str:
    """Return how far away an instant is: «in 24s», or «now» when it is there or past."""
    seconds = round(instant - now)
    return f"in {format_duration(seconds)}" if seconds > 0 else "now"
