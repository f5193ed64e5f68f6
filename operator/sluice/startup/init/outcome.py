"""What became of a Job: from its conditions first, from its pods where those say nothing."""

import json

from sluice.model.cluster import Job, Pod
from sluice.model.cluster.pods import Ending
from sluice.startup.init.job import DIRTY_EXIT
from sluice.startup.init.record import first_bytes
from sluice.startup.init.run import Direction, Outcome, Result, Run

_IMAGE_BYTES = 512
_SAID_BYTES = 240
# The Job's only rule that ends it is about the exit code of what is left half done.
_BY_RULE = "PodFailurePolicy"


def outcome_of(run: Run, job: Job, pods: tuple[Pod, ...], now: float) -> Outcome:
    """Return the outcome of a Job that is over."""
    last = last_ending(pods)
    return Outcome(
        result=_result(run, job, pods),
        ended=now if job.ended is None else job.ended,
        started=job.started,
        tries=job.tries,
        exit_code=_exit_code(job, last),
        image=first_bytes(last.image, _IMAGE_BYTES) if last else "",
        said=_said(last.message) if last else "",
    )


def _said(message: str) -> str:
    """Return the last line of a termination message; of one in JSON, what it calls its error.

    A success is told by the exit code.
    """
    line = next((line for line in reversed(message.splitlines()) if line.strip()), "").strip()
    try:
        found = json.loads(line)
    except ValueError:
        return first_bytes(line, _SAID_BYTES)
    error = found.get("error") if isinstance(found, dict) else line
    return first_bytes(error, _SAID_BYTES) if isinstance(error, str) else ""


def lost(now: float) -> Outcome:
    """Return the outcome of a Job that is gone: nobody knows what it did."""
    return Outcome(Result.DIRTY, now)


def last_ending(pods: tuple[Pod, ...]) -> Ending | None:
    """Return how the last pod ended whose end is known."""
    endings = [pod.ending for pod in pods if pod.ending is not None]
    return max(endings, key=lambda ending: ending.finished, default=None)


def _result(run: Run, job: Job, pods: tuple[Pod, ...]) -> Result:
    codes = {pod.ending.exit_code for pod in pods if pod.ending is not None}
    done = Result.UNDONE if run.direction is Direction.DOWN else Result.COMPLETE
    if job.complete:
        return done
    if job.failure_reason == _BY_RULE or DIRTY_EXIT in codes:
        return Result.DIRTY
    if job.finished:
        return Result.FAILED
    # Deleted before it came to an end; what its pods were doing when they were stopped is unknown.
    return done if 0 in codes else Result.DIRTY


def _exit_code(job: Job, last: Ending | None) -> int | None:
    if job.complete:
        return 0
    if job.failure_reason == _BY_RULE:
        return DIRTY_EXIT
    return last.exit_code if last else None
