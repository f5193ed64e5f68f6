"""Drivers come with the extra `init`; whoever needs none of them does not install them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sluice.init.exits import Exit, InitError


@contextmanager
def needed_for(what: str) -> Iterator[None]:
    """Turn a missing driver, imported in the block, into what to install."""
    try:
        yield
    except ImportError as error:
        raise InitError(
            Exit.USAGE,
            f"{what} needs {error.name or 'a driver'}, which is not installed here",
            'pip install "sluice[init]"',
        ) from error
