"""What a process sees or may do is disturbed, the same for every kind."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic

from sluice.adapters.failures import ConflictError, TransientError
from tests.converge.client import View, Write
from tests.converge.repertoire import Repertoire
from tests.converge.run import Run
from tests.converge.scenario import P, When
from tests.converge.store import Change

_WHEN = re.compile(r'"lastTransitionTime":"[^"]*"')
_LEASE_SECONDS = 3.0


@dataclass
class _Refusals:
    """Refuses every write that it has not seen before."""

    error: type[ConflictError] | type[TransientError]
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    def __call__(self, write: Write) -> None:
        key = (write.verb, str(write.ref), _WHEN.sub("", write.content))
        if key not in self.seen:
            self.seen.add(key)
            raise self.error("refused by the test", 409 if self.error is ConflictError else 503)


def _allow(_: Write) -> None:
    """Refuse nothing."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """How the only process sees what happens, and which of its writes are refused.

    pass_seconds: how old its knowledge may be.
    """

    view: Callable[[], View] = View
    refuse: Callable[[], Callable[[Write], None]] = lambda: _allow
    pass_seconds: float = 2.0


def _behind(changes: int) -> Disturbance:
    return Disturbance(lambda: View(lag=changes))


def _missing(each: int) -> Disturbance:
    def view() -> View:
        return View(drops=lambda change: change.version % each == 0, relist_seconds=3.0)

    return Disturbance(view, pass_seconds=4.0)


DISTURBANCES: Final[Mapping[str, Disturbance]] = {
    **{f"watches are behind by {changes}": _behind(changes) for changes in range(1, 6)},
    "every event comes twice": Disturbance(lambda: View(copies=2)),
    **{f"each event of {each} is lost until the next list": _missing(each) for each in (2, 3, 5)},
    "every first write meets a conflict": Disturbance(refuse=lambda: _Refusals(ConflictError)),
    "every first write meets an outage": Disturbance(refuse=lambda: _Refusals(TransientError)),
}


def disturb(repertoire: Repertoire[P], name: str, disturbance: Disturbance) -> None:
    """Tell a story while one thing is amiss, and check that it comes to the same end."""
    run = Run(
        repertoire.subject,
        repertoire.stories[name],
        disturbance.pass_seconds,
        disturbance.view(),
        disturbance.refuse(),
    )
    repertoire.check_end(name, run.whole(), "disturbed")


@dataclass
class Usurper(Generic[P]):
    """A second process that knows what there was until a moment, nothing since, and leads later.

    seen: what was so when it saw the last change; None: it knows what there was at first, some
    seconds long. leads: when it begins. It lives until it notices that the Lease is another's.
    """

    run: Run[P]
    leads: When
    seen: When | None = None
    first_seconds: float = 0.0
    leading: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.process = self.run.subject.process(self.run.cluster, View())
        self.run.processes.append(self.process)
        self._warm = asyncio.ensure_future(self._warm_up())
        # Before the people of the story, who may answer to the same change at once.
        self.run.cluster.seen.insert(0, self._follow)
        for law in self.run.laws:
            law.one_leader = False

    async def _warm_up(self) -> None:
        await self.process.warm_up()
        if self.seen is None:
            await asyncio.sleep(self.first_seconds)
            self.process.view.frozen = True

    def _follow(self, change: Change) -> None:
        if change.ref not in self.run.subject.followed or self.leading is not None:
            return
        store, view = self.run.cluster.store, self.process.view
        if self.seen is not None and view.until == float("inf"):
            if self.seen(store):
                view.until = change.version
        elif self.leads(store):
            self.leading = asyncio.ensure_future(self._lead())

    async def _lead(self) -> None:
        await self._warm
        self.process.lead()
        await asyncio.sleep(_LEASE_SECONDS)
        await self.process.crash()
