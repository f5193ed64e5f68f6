"""Steps with a line each on the terminal: number, name, time taken; on failure the right log."""

import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Final

import click

LOG_TAIL_LINES: Final = 15
COMMAND_WIDTH: Final = 100


class SetupError(Exception):
    """Something that a person has to put right; the message says how."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that `up` or `down` does.

    `log` is where to look when it fails, `advice` what to do then.
    """

    title: str
    run: Callable[[], object]
    log: Path | None = None
    advice: str = ""


class StepFailedError(Exception):
    """A step did not work; the message is complete and meant for the terminal."""


def run_steps(steps: Sequence[Step]) -> None:
    """Run the steps in order, with a line each; raise StepFailedError at the first failure."""
    began = time.monotonic()
    width = max(len(step.title) for step in steps)
    for number, step in enumerate(steps, start=1):
        counter = f"[{number:>2}/{len(steps)}]"
        click.echo(f"{counter} {step.title:<{width}} ", nl=False)
        step_began = time.monotonic()
        try:
            step.run()
        except (SetupError, OSError, TimeoutError, subprocess.CalledProcessError) as error:
            click.echo("FAILED")
            raise StepFailedError(_explanation(step, error)) from error
        now = time.monotonic()
        click.echo(f"{now - step_began:6.1f} s   (since the start {now - began:5.1f} s)")


def tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Return the last lines of a log file, or a sentence that says why there are none."""
    if not log.exists():
        return f"(there is no {log} yet)"
    with log.open(errors="replace") as text:
        return "".join(deque(text, maxlen=lines)).rstrip() or f"({log} is empty)"


def _explanation(step: Step, error: Exception) -> str:
    parts = [f"{step.title}: {_told(error)}"]
    if step.log is not None:
        parts.append(f"--- last lines of {step.log}\n{tail(step.log)}\n---")
    if step.advice:
        parts.append(f"What to do: {step.advice}")
    return "\n".join(parts)


def _told(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        command = shorten(" ".join(str(word) for word in error.cmd), COMMAND_WIDTH)
        return f"`{command}` ended with {error.returncode}\n{error.stderr or ''}".rstrip()
    return str(error)
