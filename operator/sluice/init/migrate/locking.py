"""Waiting for a lock, bounded, by asking again and again: signals are heeded meanwhile."""

import time
from collections.abc import Callable
from typing import Final

_POLL_SECONDS: Final = 0.2


class LockedError(Exception):
    """Somebody else holds the lock; the text says who."""


def take(
    attempt: Callable[[], bool],
    holder: Callable[[], str],
    timeout_seconds: float,
    tell: Callable[[str], None],
) -> None:
    """Return when an attempt succeeds; LockedError after so long.

    tell: takes who holds it, once, when it has to be waited for.
    """
    deadline = time.monotonic() + timeout_seconds
    told = False
    while not attempt():
        if time.monotonic() >= deadline:
            raise LockedError(holder())
        if not told:
            tell(holder())
            told = True
        time.sleep(_POLL_SECONDS)
