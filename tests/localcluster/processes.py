"""Start, recognise and end the cluster's processes.

A process is known by its id, its start time and the boot it belongs to: an id alone is used again,
and `down` must never end a process that somebody else started.
"""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.localcluster.atomic import replacing
from tests.localcluster.waiting import wait_until

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
# Of /proc/<pid>/stat, counted after the command in brackets.
STATE_FIELD: Final = 0
START_TIME_FIELD: Final = 19


@dataclass(frozen=True, slots=True)
class Process:
    """A process that `up` started; `start_ticks` is clock ticks since boot."""

    name: str
    pid: int
    start_ticks: int
    boot: str


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    records: Path,
    environment: Mapping[str, str],
) -> Process:
    """Start `command` detached from this terminal, its output appended to `log`, and record it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        started = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=dict(environment),
            start_new_session=True,
        )
    # The process outlives this program; Popen would warn about a child that is not waited for.
    started.returncode = 0
    return record(name, started.pid, records=records)


def record(name: str, pid: int, *, records: Path) -> Process:
    """Write down a process so that a later `down` recognises it."""
    process = _identify(name, pid)
    with replacing(records / f"{name}.json") as partial:
        partial.write_text(json.dumps(asdict(process)))
    return process


def recorded(records: Path) -> tuple[Process, ...]:
    """Return every recorded process, oldest first, alive or not."""
    found = [Process(**json.loads(path.read_text())) for path in records.glob("*.json")]
    return tuple(sorted(found, key=lambda process: process.start_ticks))


def strays(mark: str) -> tuple[Process, ...]:
    """Return the processes whose environment holds `mark` (NAME=value), recorded or not.

    Somebody may have deleted the home directory, and the records with it, under a running cluster.
    """
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(_identify("stray", int(folder.name)))
        except OSError:
            # It ended meanwhile, or belongs to another user.
            continue
    return tuple(found)


def is_alive(process: Process) -> bool:
    """Tell whether this very process still runs (a zombie does not)."""
    if BOOT_ID.read_text().strip() != process.boot:
        return False
    try:
        fields = _stat(process.pid)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[STATE_FIELD] != "Z" and int(fields[START_TIME_FIELD]) == process.start_ticks


def kill(process: Process) -> None:
    """End the process at once and wait until it is gone."""
    if is_alive(process):
        _send(process, signal.SIGKILL)
        wait_until(
            lambda: not is_alive(process),
            timeout_seconds=30,
            waiting_for=f"the end of {process.name} (process {process.pid})",
        )


def _send(process: Process, number: signal.Signals) -> None:
    # A pidfd names one process for good; the check after opening it rules out a reused id.
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if is_alive(process):
            signal.pidfd_send_signal(handle, number)
    finally:
        os.close(handle)


def _identify(name: str, pid: int) -> Process:
    return Process(name, pid, int(_stat(pid)[START_TIME_FIELD]), BOOT_ID.read_text().strip())


def _stat(pid: int) -> list[str]:
    # The command name is in brackets and may itself hold spaces and brackets.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
