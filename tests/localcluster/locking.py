"""One `up`, `down` or `load-operator` at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

import click

from tests.localcluster.places import Places


@contextmanager
def exclusive(places: Places) -> Iterator[None]:
    """Hold the cluster for this process; wait for another that holds it."""
    places.cache.mkdir(parents=True, exist_ok=True)
    # In the cache, because `down` deletes the home directory.
    with (places.cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            click.echo("Waiting for another `up`, `down` or `load-operator` to end ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
