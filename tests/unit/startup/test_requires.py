"""What a workload's manifest requires: nothing is let go before its record says so."""

import pytest

from sluice.model.cluster import Deployment, Projection
from sluice.model.json import Body, JsonObject
from sluice.model.kind import Observation
from sluice.model.plan import Transition
from sluice.startup.guardian import StartupGuardian
from sluice.startup.init.record import read_record
from sluice.startup.init.run import Direction, Outcome, Run
from sluice.startup.own import Own
from sluice.startup.requires import awaited, requirements
from sluice.startup.states import State
from sluice.startup.status import NodeStatus, Phase
from tests.unit.startup import given as graphs
from tests.unit.startup.given import GRAPH, NOW, deployment, node, was
from tests.unit.startup.init import given as inits
from tests.unit.startup.init.given import BACK, BROKEN, DONE, HALF, entry, kept_in, lease, record
from tests.unit.startup.test_inits import COMPLETE, MIGRATE, body, decided, done, kinds, read, said

READY = was("api", State.READY, ready_at=NOW)
OLDER = Run(inits.INIT.lock, "42", inits.INIT.checksum, Direction.UP, 1)


def api(requires: str = "migrate=43", *, bypass: bool = False, held: bool = True) -> Deployment:
    """Return a Deployment whose new version is held, and whose old one runs."""
    notes = {
        "sluice.dev/requires": requires,
        **({"sluice.dev/bypass": "startup"} if bypass else {}),
    }
    return deployment(holders="startup" if held else "", available=2, own_bar=True, notes=notes)


def given(
    status: NodeStatus = READY, *, suspend: bool = False, own: JsonObject | None = None
) -> JsonObject:
    return body(MIGRATE, node("api"), inits=(COMPLETE,), status=(status,), suspend=suspend, own=own)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("", ()),
        ("migrate=43", ("migrate=43",)),
        ("migrate=43, seed=7,", ("migrate=43", "seed=7")),
    ],
)
def test_requirements_are_separated_by_commas(written: str, read_as: tuple[str, ...]) -> None:
    assert requirements(api(written)) == read_as


@pytest.mark.parametrize(
    ("written", "missing"),
    [
        ("migrate=43", ()),
        ("migrate=44", ("migrate=44",)),
        ("seed=1", ("seed=1",)),
        ("migrate=43,seed=1", ("seed=1",)),
        ("migrate", ("migrate",)),
        ("=43", ("=43",)),
    ],
)
def test_only_a_record_of_exactly_that_version_meets_one(
    written: str, missing: tuple[str, ...]
) -> None:
    assert awaited(api(written), {"migrate": record(entry())}) == missing


@pytest.mark.parametrize("outcome", [HALF, BROKEN, BACK])
def test_what_is_not_complete_meets_nothing(outcome: Outcome) -> None:
    assert awaited(api(), {"migrate": record(entry(outcome))}) == ("migrate=43",)


def test_neither_does_a_record_that_cannot_be_read_as_a_whole() -> None:
    torn = kept_in(entry(), more={"version.44": "{"})
    read_so = read_record(torn.meta.ref, torn)

    assert awaited(api(), {"migrate": read_so}) == ("migrate=43",)


def test_a_person_may_do_without() -> None:
    assert awaited(api(bypass=True), {}) == ()


@pytest.mark.parametrize(
    ("requires", "goes"), [("migrate=43", True), ("migrate=44", False), ("", True)]
)
def test_a_new_version_is_let_go_once_its_record_is_complete(requires: str, *, goes: bool) -> None:
    plan = done(given(), api(requires), kept_in(entry()), lease())

    assert kinds(plan.actions) == (["Patch Deployment"] if goes else [])


def test_it_is_told_while_it_is_held() -> None:
    found = read(done(given(), api("migrate=44"), kept_in(entry()), lease()))

    assert found.node("api").state is State.READY
    assert found.node("api").message == (
        "its new version is held for migrate=44 to be complete (sluice.dev/requires)"
    )
    assert (found.phase, found.ready) == (Phase.STARTING, "2/2")
    assert said(found) == (
        "AwaitsRecord",
        "2/2 nodes are ready; new versions are held: api for migrate=44",
    )


def test_a_suspended_graph_keeps_it() -> None:
    plan = done(given(suspend=True), api(), kept_in(entry()), lease())

    assert plan.actions == ()
    assert read(plan).node("api").message == (
        "its new version is held while it is suspended (sluice.dev/requires)"
    )
    assert said(read(plan))[1].endswith("new versions are held: api for suspend")


def test_a_bypass_lets_it_go_nevertheless() -> None:
    plan = done(given(suspend=True), api("migrate=44", bypass=True), kept_in(entry()), lease())

    assert kinds(plan.actions) == ["Patch Deployment"]


def test_a_first_start_waits_for_it_too() -> None:
    first = was("api", State.HELD)

    waits = read(done(given(first), api("migrate=44"), kept_in(entry()), lease()))
    assert waits.node("api").message == (
        "waits for migrate=44 to be complete (sluice.dev/requires)"
    )
    goes = read(decided(given(first), api(), kept_in(entry()), lease()))
    assert goes.node("api").state is State.RELEASING


def test_a_graph_that_holds_nothing_back_keeps_what_a_manifest_asks_for() -> None:
    unheld = body(
        MIGRATE, node("api", hold="None"), inits=(COMPLETE,), status=(was("api", State.HELD),)
    )

    waits = read(done(unheld, api("migrate=44"), kept_in(entry()), lease()))
    assert waits.node("api").state is State.HELD
    goes = read(decided(unheld, api(), kept_in(entry()), lease()))
    assert goes.node("api").state is State.STARTING


def test_what_is_not_let_go_yet_is_held_again_when_more_is_required() -> None:
    plan = decided(given(was("api", State.RELEASING)), api("migrate=44"), kept_in(entry()), lease())

    assert isinstance(plan, Transition)
    assert read(plan).node("api").state is State.HELD


def test_an_older_version_is_met_by_its_own_record() -> None:
    record_of_both = kept_in(entry(DONE, OLDER), entry(order=2))

    plan = done(given(), api("migrate=42"), record_of_both, lease())

    assert kinds(plan.actions) == ["Patch Deployment"]


def test_a_graph_that_is_deleted_does_not_let_it_go() -> None:
    deleting: JsonObject = {"deletionTimestamp": "2026-11-21T12:00:00Z"}

    plan = done(given(own=deleting), api("migrate=44"), kept_in(entry()), lease())

    (patch,) = plan.actions
    assert patch.ref.resource.kind == "StartupGraph"  # the finalizer: nothing else is left


def test_nor_does_a_graph_that_does_not_name_it() -> None:
    stranger = deployment(
        "other",
        holders="startup",
        notes={"sluice.dev/requires": "migrate=44"},
        own={"creationTimestamp": "2020-01-01T00:00:00Z"},
    )

    plan = done(given(), api(held=False), stranger, kept_in(entry()), lease())

    assert plan.actions == ()


def test_before_its_graph_is_late_nothing_is_told() -> None:
    guardian, key = StartupGuardian(), Own.from_body(Body(given())).meta.ref
    fresh: tuple[Projection, ...] = (api(),)
    found = {one: graphs.selected(one, fresh) for one in guardian.wants(key).selections}

    work = guardian.plan(key, Observation(NOW, {}, found))

    assert (work.actions, work.notes) == ((), ())
    assert work.due_at == graphs.CREATED + 120.0


@pytest.mark.parametrize(("requires", "kept"), [("migrate=43", True), ("", False)])
def test_without_a_graph_it_is_kept_and_told(requires: str, *, kept: bool) -> None:
    guardian, key = StartupGuardian(), Own.from_body(Body(given())).meta.ref
    late: tuple[Projection, ...] = (api(requires),)
    found = {one: graphs.selected(one, late) for one in guardian.wants(key).selections}

    work = guardian.plan(key, Observation(NOW + 3600, {}, found))

    (note,) = work.notes
    assert bool(work.actions) is not kept
    assert note.reason == ("AwaitsRecord" if kept else "OrphanReleased")
    if kept:
        assert note.message == (
            f"held: it requires migrate=43, and no StartupGraph {GRAPH} exists whose record could "
            "say so; apply that graph, or: kubectl annotate deployment api "
            "sluice.dev/bypass=startup"
        )
        assert note.about is not None
        assert note.about.uid == "uid-of-api"
