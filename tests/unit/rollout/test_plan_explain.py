"""Every check is told in a sentence, by the functions that decide."""

from dataclasses import replace

from sluice.model.json import JsonObject
from sluice.model.kind import Observation
from sluice.rollout.explain import Check, explain
from sluice.rollout.phases import Stage
from tests.unit.rollout.seen import counted, observed
from tests.unit.rollout.situation import NOW, REVISION, SCRAPE_SECONDS, at, canary, resting

JUDGING = at(Stage.JUDGING)


def told(observation: Observation) -> dict[str, Check]:
    return {check.name: check for check in explain(observation, SCRAPE_SECONDS)}


def test_a_healthy_step_says_what_it_waits_for() -> None:
    checks = told(observed(JUDGING, counted(10.0), counted(90.0)))

    assert [name for name, check in checks.items() if check.passed is False] == []
    assert checks["harm"] == Check("harm", True, "no")
    assert checks["capacity"].message == "1 canary pods are ready for 10%"
    assert checks["time"] == Check("time", True, "not paused")
    assert checks["surroundings"].message == "nothing missing"
    assert checks["slo errors"].passed is True
    assert checks["judgement"].message.startswith("open: ")
    assert checks["world"].message == "is as Progressing/Judging asks"
    assert checks["goes on"].message == "stays in Progressing/Judging"
    assert checks["next"].message == "0 writes now; looks again when something changes"


def test_what_is_wrong_is_a_failed_check_with_its_sentence() -> None:
    checks = told(replace(JUDGING, endpoints=0, service=None).observation())

    lowered = "0 of 1 canary pods are ready: weight goes from 10% to 0%"
    assert checks["capacity"] == Check("capacity", False, lowered)
    assert checks["surroundings"].passed is False
    assert checks["surroundings"].message.startswith("Service shop/checkout is gone")
    assert checks["next"].message.startswith("Progressing/Scaling: ")


def test_an_alarm_is_told_in_numbers_and_comes_next() -> None:
    checks = told(replace(JUDGING, annotations={"abort": f"{REVISION}#1"}).observation())

    assert checks["aborted"] == Check("aborted", False, "aborted by command")
    assert checks["next"].message.startswith("RollingBack/Shifting: rolled back at 10%")


def test_a_pause_says_what_still_acts() -> None:
    paused = replace(JUDGING.status, paused_by_command=True, paused_since=NOW - 5)

    checks = told(replace(JUDGING, status=paused).observation())

    assert checks["time"].message == "paused: time stands still, harm and abort still act"


def test_what_is_to_be_written_is_named() -> None:
    checks = told(replace(JUDGING, canaries=(canary(replicas=0),)).observation())

    assert checks["world"].passed is None
    assert checks["world"].message.startswith("to be done: patch Deployment shop/checkout-canary-")


def test_a_move_is_told_before_it_is_made() -> None:
    checks = told(resting().observation())

    assert checks["goes on"].message.startswith(
        f"version {REVISION} is held back and gets a canary"
    )


def test_when_it_is_looked_at_again() -> None:
    checks = told(at(Stage.DRAINING, 0, stage_since=NOW - 1).observation())

    assert "looks again at 2027-01-15T" in checks["next"].message


def test_a_spec_that_cannot_be_read_is_the_only_check() -> None:
    malformed: JsonObject = {"steps": "fast"}

    checks = explain(replace(JUDGING, spec=malformed).observation(), SCRAPE_SECONDS)

    assert checks == (Check("spec", False, 'spec.steps: expected a list, found "fast"'),)


def test_a_status_that_cannot_be_read_is_the_only_check() -> None:
    observation = JUDGING.observation()
    body = {**observation.body, "status": {"phase": 7}}

    (check,) = explain(replace(observation, body=body), SCRAPE_SECONDS)

    assert (check.passed, check.message.partition(":")[0]) == (False, "status.phase")
