"""A command line and an API server that it talks to."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pytest

from sluice.cli.main import outcome
from tests.cli.init_operator import Operator
from tests.cli.server import Cluster, serving


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with serving(tmp_path) as found:
        yield found


@dataclass(frozen=True, slots=True)
class Person:
    """Someone at a terminal: what is typed ahead on the keys, and what stands on the screen."""

    hand: int
    keys: TextIO
    screen: TextIO

    def answer(self, text: str) -> None:
        """Type a line ahead of the question."""
        os.write(self.hand, f"{text}\n".encode())

    def read(self) -> str:
        """Return what is on the screen, in one line."""
        self.screen.flush()
        os.set_blocking(self.hand, False)
        seen = bytearray()
        with suppress(BlockingIOError):
            while chunk := os.read(self.hand, 65536):
                seen += chunk
        return " ".join(seen.decode().split())


@pytest.fixture
def person() -> Iterator[Person]:
    hand, terminal = os.openpty()
    with os.fdopen(os.dup(terminal)) as keys, os.fdopen(terminal, "w") as screen:
        yield Person(hand, keys, screen)
    os.close(hand)


@pytest.fixture
def sluice(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Return a function that runs a command line against the cluster."""

    def run(*words: str, person: Person | None = None) -> Said:
        # The system's certificates take a third of the time and are not needed here.
        monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
        with monkeypatch.context() as streams:
            if person is not None:
                streams.setattr(sys, "stdin", person.keys)
                streams.setattr(sys, "stdout", person.screen)
                streams.setattr(sys, "stderr", person.screen)
            code = outcome(["--kubeconfig", str(cluster.kubeconfig), *words], "sluice")
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pause that only spares screen and server take no time; time limits stay as they are."""
    sleep = asyncio.sleep

    async def give_way(_seconds: float) -> None:
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", give_way)


@pytest.fixture
def operator(cluster: Cluster) -> Operator:
    """Have an operator make a pass whenever the command waits."""
    found = Operator(cluster.store)
    cluster.http.on_watch = found.turn
    return found
