"""Runs of init nodes while the operator sees or may do less, or is two: the same ending, once."""

from dataclasses import replace

import pytest

from sluice.startup.init.states import State as Init
from sluice.startup.states import State
from tests.converge.disturbances import DISTURBANCES, Usurper, disturb
from tests.converge.graph import required
from tests.converge.graph.people import People
from tests.converge.graph.picture import AnyState
from tests.converge.graph.scenario import Story, is_in
from tests.converge.graph.stories import REPERTOIRE, STORIES
from tests.converge.repertoire import Repertoire
from tests.converge.run import Run

_PLAIN = "runs a migration, then starts what waits for it"
_NEXT = "records the run under way before it begins the next version"
_RERUN = "runs again what is half done when a person says so"
_REMOVED = "records and forgets a migration that is removed while it runs"
_DELETED = "stays until the end of its migration is recorded when it is deleted"
_TALES = (
    _PLAIN,
    _NEXT,
    _RERUN,
    _REMOVED,
    _DELETED,
    "never runs again a Job that is deleted by force",
    "makes way for a workload of its name",
    "runs one after the other what two graphs want at once",
    "undoes a migration once nothing runs on it",
)
_REQUIRED = (
    "starts when its graph comes later",
    "comes before its graph",
    "comes with its graph",
    "is held when its graph is deleted",
)


@pytest.mark.parametrize("disturbance", DISTURBANCES)
@pytest.mark.parametrize("name", _TALES)
def test_a_disturbed_process_comes_to_the_same_end(name: str, disturbance: str) -> None:
    disturb(REPERTOIRE, name, DISTURBANCES[disturbance])


@pytest.mark.parametrize("disturbance", DISTURBANCES)
@pytest.mark.parametrize("name", _REQUIRED)
def test_what_is_required_is_waited_for_by_a_disturbed_process(name: str, disturbance: str) -> None:
    disturb(required.REPERTOIRE, name, DISTURBANCES[disturbance])


_LONGEST_BACKOFF_SECONDS = 31.0
# Which node is followed, what the second leader has seen of it last, and when it begins to lead.
_USURPED: tuple[tuple[str, str, AnyState | None, AnyState], ...] = (
    (_PLAIN, "migrate", None, Init.RUNNING),
    (_PLAIN, "migrate", None, Init.RECORDING),
    (_PLAIN, "migrate", None, Init.COMPLETE),
    (_PLAIN, "migrate", Init.RUNNING, Init.RECORDING),
    (_PLAIN, "migrate", Init.RUNNING, Init.COMPLETE),
    (_PLAIN, "migrate", Init.RECORDING, Init.COMPLETE),
    (_PLAIN, "api", None, State.READY),
    (_NEXT, "migrate", Init.RUNNING, Init.RECORDING),
    (_RERUN, "migrate", None, Init.DIRTY),
    (_RERUN, "migrate", Init.RUNNING, Init.DIRTY),
    (_RERUN, "migrate", Init.DIRTY, Init.COMPLETE),
    (_DELETED, "migrate", Init.RUNNING, Init.RECORDING),
)


@pytest.mark.parametrize(("name", "node", "seen", "leads"), _USURPED)
def test_second_leader_with_old_knowledge(
    name: str, node: str, seen: AnyState | None, leads: AnyState
) -> None:
    _usurp(REPERTOIRE, STORIES[name], name, (node, seen, leads))


def test_second_leader_forgets_no_removed_node_whose_lock_is_taken() -> None:
    when = ("migrate", Init.RUNNING, Init.RECORDING)
    _usurp(REPERTOIRE, STORIES[_REMOVED], _REMOVED, when)


_USURPED_UPGRADES: tuple[tuple[str, str, AnyState | None, AnyState], ...] = (
    ("starts when its graph comes later", "api", None, State.RELEASING),
    ("comes before its graph", "migrate", Init.COMPLETE, Init.RUNNING),
    ("comes with its graph", "migrate", Init.COMPLETE, Init.RECORDING),
)


@pytest.mark.parametrize(("name", "node", "seen", "leads"), _USURPED_UPGRADES)
def test_second_leader_lets_nothing_go_before_its_record(
    name: str, node: str, seen: AnyState | None, leads: AnyState
) -> None:
    _usurp(required.REPERTOIRE, required.STORIES[name], name, (node, seen, leads))


def _usurp(
    repertoire: Repertoire[People],
    story: Story,
    name: str,
    when: tuple[str, AnyState | None, AnyState],
) -> None:
    node, seen, leads = when
    usurpers: list[Usurper[People]] = []
    known = None if seen is None else is_in(seen, node)

    def usurp(run: Run[People]) -> None:
        usurpers.append(Usurper(run, is_in(leads, node), known, first_seconds=0.5))

    # Two that correct each other write ever less often; so does the one that is left, at first.
    patient = replace(story, quiet_seconds=max(_LONGEST_BACKOFF_SECONDS, story.quiet_seconds))
    run = Run(repertoire.subject, patient, pass_seconds=4.0, disturb=usurp).whole()

    assert usurpers[0].leading is not None
    repertoire.check_end(name, run, "usurped")
