"""Wait for something outside to become true."""

import time
from collections.abc import Callable
from typing import Final

POLL_SECONDS: Final = 0.05


def wait_until(condition: Callable[[], bool], *, timeout_seconds: float, waiting_for: str) -> None:
    """Ask until `condition` holds; raise TimeoutError that names `waiting_for` when it does not."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_seconds:g} s in vain for {waiting_for}")
        time.sleep(POLL_SECONDS)
