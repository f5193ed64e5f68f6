"""Who may disturb the cluster: many tests at a time share it, one that breaks things is alone.

The lock is held by processes, so it also counts for the workers of pytest-xdist.
"""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOCK: Final = Path(tempfile.gettempdir()) / "sluice-cluster-tests.lock"


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Wait for one's turn with the cluster, and keep it while the block runs."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
