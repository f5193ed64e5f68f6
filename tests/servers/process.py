"""Starting and ending a server: its user, its folder, its port."""

import errno
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.localcluster.waiting import wait_until

LOOPBACK: Final = "127.0.0.1"
# With signs that a URL has to escape: nothing that is printed may hold either form.
PASSWORD: Final = "hush:hush/now"  # noqa: S105 (of servers that live for one test)
QUOTED_PASSWORD: Final = "hush%3Ahush%2Fnow"  # noqa: S105 (the same)
_USER: Final = "nobody"
_GROUP: Final = "nogroup"
# RabbitMQ takes 6 s on an idle machine, and has taken 33 s on a busy one.
_START_SECONDS: Final = 180.0
# Below what the system gives to outgoing connections, of which one could take a port that a server
# is told before the server listens at it.
_PORTS: Final = range(21_000, 29_000)
_STOP_SECONDS: Final = 20.0


class MissingServerError(Exception):
    """The packages of a server are not installed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of the server's user, and what the server's programs are started with."""

    folder: Path

    def run(self, *words: str | Path) -> None:
        """Run a program of the server to its end; AssertionError with its words if it fails."""
        done = subprocess.run(
            _command(words), env=self._environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words[0]} ended with {done.returncode}: {done.stderr}"

    @contextmanager
    def running(
        self,
        *words: str | Path,
        environment: Mapping[str, str] | None = None,
        stop: signal.Signals = signal.SIGTERM,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Have a program of the server run in the background."""
        log = self._log(words)
        with log.open("ab") as output:
            process = subprocess.Popen(
                _command(words),
                env=self._environment() | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            _end(process, stop)

    def wait(self, process: subprocess.Popen[bytes], answers: Callable[[], bool]) -> None:
        """Return when the server answers; AssertionError with its log if it ended instead."""

        def is_there() -> bool:
            assert process.poll() is None, self._said()
            return answers()

        try:
            wait_until(is_there, timeout_seconds=_START_SECONDS, waiting_for="a server")
        except TimeoutError as error:
            raise AssertionError(self._said()) from error

    def _log(self, words: Sequence[str | Path]) -> Path:
        return self.folder / f"{Path(words[0]).name}.log"

    def _said(self) -> str:
        return "\n".join(log.read_text(errors="replace") for log in self.folder.glob("*.log"))

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}


@contextmanager
def new_place() -> Iterator[Place]:
    """Give an empty folder that the servers' user may write."""
    # Not below pytest's folders: those are closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="sluice-server-"))
    if os.geteuid() == 0:
        shutil.chown(folder, _USER, _GROUP)
    try:
        yield Place(folder)
    finally:
        shutil.rmtree(folder)


def program(pattern: str) -> Path:
    """Return the newest program that a pattern below / finds, as `usr/lib/postgresql/*/bin/x`."""
    found = sorted(Path("/").glob(pattern))
    if not found:
        raise MissingServerError(f"there is no /{pattern} here: `make servers` installs it")
    return found[-1]


def free_port(address: str) -> int:
    """Return a port of the address that nobody listens at."""
    while True:
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        try:
            socket.create_server((address, port)).close()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port


def accepts(address: str, port: int) -> bool:
    """Tell whether somebody listens there."""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def _command(words: Sequence[str | Path]) -> list[str]:
    """A database does not start as root; and none may outlive a killed test run."""
    lowered = (f"--reuid={_USER}", f"--regid={_GROUP}", "--clear-groups")
    given = lowered if os.geteuid() == 0 else ()
    return ["setpriv", *given, "--pdeathsig=KILL", "--", *(str(word) for word in words)]


def _end(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    process.send_signal(stop)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
