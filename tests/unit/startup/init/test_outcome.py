"""What became of a Job."""

import pytest

from sluice.model.cluster import Job, Pod
from sluice.startup.init.outcome import last_ending, lost, outcome_of
from sluice.startup.init.run import Result, Run
from tests.unit.startup.init.given import BEFORE, NOW, RUN, down, job, pod

ENDS: list[tuple[str, Run, Job, tuple[Pod, ...], Result, int | None]] = [
    ("complete", RUN, job(ended="Complete"), (pod(code=0),), Result.COMPLETE, 0),
    ("complete, its pods gone", RUN, job(ended="Complete"), (), Result.COMPLETE, 0),
    ("undone", down(), job(ended="Complete"), (), Result.UNDONE, 0),
    ("failed with 1", RUN, job(ended="Failed"), (pod(code=1),), Result.FAILED, 1),
    ("failed to undo", down(), job(ended="Failed"), (pod(code=1),), Result.FAILED, 1),
    ("its time is over", RUN, job(ended="Failed"), (), Result.FAILED, None),
    ("ended with 20", RUN, job(ended="Failed"), (pod(code=20),), Result.DIRTY, 20),
    (
        "ended by the rule about 20, its pods gone",
        RUN,
        job(ended="Failed", reason="PodFailurePolicy"),
        (),
        Result.DIRTY,
        20,
    ),
    ("deleted midway", RUN, job(deleting=True), (pod(code=137),), Result.DIRTY, 137),
    ("deleted midway, no pods", RUN, job(deleting=True), (), Result.DIRTY, None),
    ("deleted as it was done", RUN, job(deleting=True), (pod(code=0),), Result.COMPLETE, 0),
]


@pytest.mark.parametrize(
    ("_", "run", "given", "pods", "result", "code"), ENDS, ids=[said for said, *_ in ENDS]
)
def test_the_outcome(
    _: str, run: Run, given: Job, pods: tuple[Pod, ...], result: Result, code: int | None
) -> None:
    found = outcome_of(run, given, pods, NOW)

    assert (found.result, found.exit_code) == (result, code)


def test_an_outcome_has_times_tries_and_the_image_that_ran() -> None:
    found = outcome_of(RUN, job(ended="Failed"), (pod(code=1),), NOW)

    assert (found.started, found.ended, found.tries) == (BEFORE, BEFORE, 3)
    assert found.image == "shop/migrate@sha256:43"
    assert found.by == ""


def test_without_an_end_it_ended_now() -> None:
    assert outcome_of(RUN, job(deleting=True), (), NOW).ended == NOW


def test_what_is_lost_may_be_half_done() -> None:
    assert lost(NOW).result is Result.DIRTY
    assert lost(NOW).exit_code is None


def test_the_last_end_counts() -> None:
    pods = (
        pod(code=1, finished=BEFORE),
        pod(name="three", code=20, finished=BEFORE + 2),
        pod(name="two", code=1, finished=BEFORE + 1),
        pod(name="four"),
    )

    ending = last_ending(pods)

    assert ending is not None
    assert ending.exit_code == 20
    assert last_ending(()) is None


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("", ""),
        ("connecting\nno such table\n\n", "no such table"),
        ('{"error": "column exists", "version": "43"}', "column exists"),
        ('{"applied": 0}', ""),
        ('{"error": 5}', ""),
        ("[1]", "[1]"),
        ("ü" * 200, "ü" * 120),
    ],
)
def test_what_a_job_said_is_its_last_line_or_its_error(message: str, said: str) -> None:
    assert outcome_of(RUN, job(ended="Failed"), (pod(code=1, message=message),), NOW).said == said
