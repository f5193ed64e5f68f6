"""A StartupGraph, as runs and random histories need to know it."""

from collections.abc import Hashable

from sluice.model.references import DEPLOYMENTS, JOBS
from sluice.startup.guardian import StartupGuardian
from sluice.startup.kind import StartupGraphKind
from tests.converge.graph import picture
from tests.converge.graph.init_safety import InitSafety
from tests.converge.graph.manifests import GRAPH
from tests.converge.graph.people import People
from tests.converge.graph.safety import Safety
from tests.converge.store import Store
from tests.converge.subject import Subject


def _standing(store: Store) -> Hashable:
    """Return the state of each node."""
    return tuple(picture.states(store).items())


def _says(store: Store) -> str:
    return " ".join(f"{node}={state}" for node, state in picture.states(store).items())


def _rests(_: Store) -> bool:
    """A start that waits for somebody may wait for ever."""
    return True


SUBJECT = Subject(
    followed=frozenset({GRAPH}),
    kinds=(StartupGraphKind(),),
    guardians=(StartupGuardian(),),
    people=People,
    laws=(Safety, InitSafety),
    summary=picture.summary,
    standing=_standing,
    says=_says,
    rests=_rests,
    install=People.install,
    written_once=frozenset({DEPLOYMENTS, JOBS}),
)
