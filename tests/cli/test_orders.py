"""Which order makes sense when, and what is written: one annotation, or nothing at all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.cli.exits import Exit
from sluice.cli.orders import Already, Refused
from sluice.cli.rollout.orders import Order, decide
from sluice.model import names
from sluice.rollout.commands import ANNOTATIONS, Verb
from sluice.rollout.phases import Stage
from sluice.rollout.status import RolloutStatus
from tests.cli.conftest import Command, Person
from tests.cli.scenes import (
    CANARY,
    HEALTHY,
    JUDGING,
    PAUSED,
    ROLLED_BACK,
    STABLE,
    body,
    overview,
)
from tests.cli.server import ROLLOUT, Cluster

PROMOTING = replace(JUDGING, stage=Stage.ROLLING, weight=100)
SCALING = replace(JUDGING, stage=Stage.SCALING)
GOING_BACK = replace(JUDGING, stage=Stage.ROLLING_BACK_SHIFTING, weight=0)

SENSE = [
    pytest.param(Verb.ABORT, JUDGING, Order, id="abort while a step is judged"),
    pytest.param(Verb.ABORT, PAUSED, Order, id="abort while paused"),
    pytest.param(Verb.ABORT, PROMOTING, Order, id="abort while promoting"),
    pytest.param(Verb.ABORT, GOING_BACK, Already, id="abort on the way back is done already"),
    pytest.param(Verb.ABORT, ROLLED_BACK, Already, id="abort after a rollback is done already"),
    pytest.param(Verb.ABORT, HEALTHY, Refused, id="abort at rest"),
    pytest.param(Verb.PROMOTE, JUDGING, Order, id="promote while a step is judged"),
    pytest.param(Verb.PROMOTE, SCALING, Order, id="promote ahead of a step"),
    pytest.param(Verb.PROMOTE, PROMOTING, Already, id="promote while promoting is done already"),
    pytest.param(Verb.PROMOTE, GOING_BACK, Refused, id="promote on the way back"),
    pytest.param(Verb.PROMOTE, ROLLED_BACK, Refused, id="promote what was rejected"),
    pytest.param(Verb.PROMOTE_FULL, JUDGING, Order, id="promote in full"),
    pytest.param(Verb.PROMOTE_FULL, HEALTHY, Refused, id="promote in full at rest"),
    pytest.param(Verb.RETRY, ROLLED_BACK, Order, id="retry what was rejected"),
    pytest.param(Verb.RETRY, HEALTHY, Refused, id="retry at rest"),
    pytest.param(Verb.RETRY, JUDGING, Refused, id="retry while another version is tried"),
    pytest.param(Verb.PAUSE, JUDGING, Order, id="pause"),
    pytest.param(Verb.PAUSE, PAUSED, Already, id="pause twice"),
    pytest.param(Verb.PAUSE, HEALTHY, Refused, id="pause at rest"),
    pytest.param(Verb.RESUME, PAUSED, Order, id="resume"),
    pytest.param(Verb.RESUME, JUDGING, Already, id="resume what goes on"),
    pytest.param(Verb.RESUME, HEALTHY, Already, id="resume at rest what is not paused"),
    *[pytest.param(verb, None, Refused, id=f"{verb} unseen by an operator") for verb in Verb],
]


@pytest.mark.parametrize(("verb", "status", "expected"), SENSE)
def test_an_order_is_given_only_where_it_makes_sense(
    verb: Verb, status: RolloutStatus | None, expected: type
) -> None:
    assert isinstance(decide(overview(status), verb), expected)


def test_a_pause_that_outlived_its_rollout_is_resumed_by_the_version_that_runs() -> None:
    answer = decide(overview(replace(HEALTHY, paused_by_command=True)), Verb.RESUME)

    assert isinstance(answer, Order)
    assert answer.revision == HEALTHY.stable.revision
    assert answer.effect.startswith("let the version that is held")


def test_resume_names_the_field_that_pauses() -> None:
    answer = decide(overview(JUDGING, paused=True), Verb.RESUME)

    assert isinstance(answer, Refused)
    assert "spec.paused" in answer.sentence
    assert "kubectl patch rollout checkout" in answer.fix


def test_promote_says_when_it_takes_effect() -> None:
    early = decide(overview(SCALING), Verb.PROMOTE)
    paused = decide(overview(PAUSED), Verb.PROMOTE)

    assert isinstance(early, Order)
    assert "as soon as its 10% is verified" in early.effect
    assert isinstance(paused, Order)
    assert paused.effect.endswith("after resume")


@given(reason=st.text(max_size=500), verb=st.sampled_from([Verb.ABORT, Verb.PROMOTE]))
def test_an_annotation_names_the_revision_and_fits_the_status(reason: str, verb: Verb) -> None:
    order = decide(overview(JUDGING), verb)
    assert isinstance(order, Order)

    key, text = order.annotation("0123abcd", reason)

    assert key == ANNOTATIONS[verb]
    assert text.startswith(f"{CANARY}#0123abcd")
    assert len(text) <= 256


WRITES = [
    pytest.param(("promote",), JUDGING, names.PROMOTE, id="promote"),
    pytest.param(("promote", "--full", "--yes"), JUDGING, names.PROMOTE_FULL, id="promote --full"),
    pytest.param(("abort", "--yes"), JUDGING, names.ABORT, id="abort --yes"),
    pytest.param(("retry",), ROLLED_BACK, names.RETRY, id="retry"),
    pytest.param(("pause",), JUDGING, names.PAUSE, id="pause"),
    pytest.param(("resume",), PAUSED, names.RESUME, id="resume"),
]


@pytest.mark.parametrize(("words", "status", "key"), WRITES)
def test_a_verb_writes_one_annotation_and_tells_how_to_undo_it(
    cluster: Cluster, sluice: Command, words: tuple[str, ...], status: RolloutStatus, key: str
) -> None:
    cluster.put(body(status))

    said = sluice("rollout", *words, "checkout", "--reason", "because of a test")

    assert said.code == Exit.DONE
    assert said.out == ""
    assert "undo: sluice rollout" in said.err
    assert "next: sluice rollout" in said.err
    assert list(cluster.annotations) == [key]
    revision, _, nonce = cluster.annotations[key].partition("#")
    assert revision == CANARY
    assert nonce.endswith(" because of a test")
    assert len(cluster.http.written) == 1


def test_two_orders_differ_by_their_nonce(cluster: Cluster, sluice: Command) -> None:
    cluster.put(body(JUDGING))

    sluice("rollout", "promote", "checkout")
    first = cluster.annotations[names.PROMOTE]
    sluice("rollout", "promote", "checkout")

    assert cluster.annotations[names.PROMOTE] != first


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("abort",), id="abort"),
        pytest.param(("promote", "--full"), id="promote --full"),
    ],
)
def test_a_dangerous_verb_without_confirmation_writes_nothing(
    cluster: Cluster, sluice: Command, words: tuple[str, ...]
) -> None:
    cluster.put(body(JUDGING))

    said = sluice("rollout", *words, "checkout")

    assert said.code == Exit.USAGE
    assert "--yes" in said.err
    assert cluster.http.writes == []


@pytest.mark.parametrize("words", [("promote",), ("abort",), ("abort", "--yes"), ("pause",)])
def test_a_dry_run_writes_nothing_but_asks_the_server(
    cluster: Cluster, sluice: Command, words: tuple[str, ...]
) -> None:
    cluster.put(body(JUDGING))

    said = sluice("rollout", *words, "checkout", "--dry-run")

    assert said.code == Exit.DONE
    assert "nothing is written; it would" in said.err
    assert cluster.http.tried == [ROLLOUT.path]
    assert cluster.http.written == []
    assert cluster.annotations == {}


def test_what_is_so_already_is_done_without_a_write(cluster: Cluster, sluice: Command) -> None:
    cluster.put(body(ROLLED_BACK))

    said = sluice("rollout", "abort", "checkout")

    assert said.code == Exit.DONE
    assert "nothing to do" in said.err
    assert cluster.http.writes == []


def test_a_write_of_the_operator_in_between_is_no_conflict(
    cluster: Cluster, sluice: Command
) -> None:
    cluster.put(body(JUDGING))
    cluster.refuse("PATCH", 409, "Conflict", times=2)

    said = sluice("rollout", "abort", "checkout", "--yes")

    assert said.code == Exit.DONE
    assert cluster.annotations[names.ABORT].startswith(CANARY)


def test_other_annotations_stay(cluster: Cluster, sluice: Command) -> None:
    cluster.put(body(JUDGING, {"team": "shop"}))

    sluice("rollout", "pause", "checkout")

    assert cluster.annotations["team"] == "shop"
    assert names.PAUSE in cluster.annotations


def test_abort_can_wait_until_the_canary_is_out(cluster: Cluster, sluice: Command) -> None:
    cluster.put(body(JUDGING))
    taken = replace(ROLLED_BACK, canary=JUDGING.canary)

    def roll_back() -> None:
        text = cluster.store.objects[ROLLOUT]["metadata"].get("annotations", {}).get(names.ABORT)
        if text and cluster.store.objects[ROLLOUT]["status"]["phase"] != "RolledBack":
            status = replace(taken, consumed={"abort": text}).to_json()
            cluster.store.set(ROLLOUT, "status", status)

    cluster.store.listeners.append(roll_back)

    said = sluice("rollout", "abort", "checkout", "--yes", "--wait", "--timeout", "5s")

    assert said.code == Exit.DONE
    assert "RolledBack" in said.err


@pytest.mark.parametrize(
    ("answer", "code", "writes"),
    [
        pytest.param("n", Exit.USAGE, 0, id="no"),
        pytest.param("", Exit.USAGE, 0, id="nothing, which means no"),
        pytest.param("y", Exit.DONE, 1, id="yes"),
    ],
)
def test_a_person_is_asked(
    cluster: Cluster, sluice: Command, person: Person, answer: str, code: Exit, writes: int
) -> None:
    cluster.put(body(JUDGING))
    person.answer(answer)

    said = sluice("rollout", "abort", "checkout", person=person)

    assert said.code == code
    assert f"roll back revision {CANARY}: its 10% of the traffic goes to {STABLE}" in person.read()
    assert len(cluster.http.written) == writes


def test_a_situation_that_changed_while_the_person_thought_is_a_conflict(
    cluster: Cluster, sluice: Command, person: Person
) -> None:
    other = replace(JUDGING, canary=replace(JUDGING.canary, revision="0ther"))
    cluster.put(body(JUDGING))
    cluster.http.after_read = lambda: cluster.put(body(other))
    person.answer("y")

    said = sluice("rollout", "abort", "checkout", person=person)

    assert said.code == Exit.CONFLICT
    assert cluster.http.writes == []
