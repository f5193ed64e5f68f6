"""A kind's stories, each of which can be told undisturbed, disturbed, or after a crash."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic

from tests.converge.run import Run
from tests.converge.scenario import Bookmark, P, Scenario
from tests.converge.subject import Subject

_DOWN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Repertoire(Generic[P]):
    """Stories by name. _told: their undisturbed runs."""

    subject: Subject[P]
    stories: Mapping[str, Scenario[P]]
    _told: dict[str, Run[P]] = field(default_factory=dict)

    def told(self, name: str) -> Run[P]:
        """Return the undisturbed run of a story."""
        if name not in self._told:
            self._told[name] = Run(self.subject, self.stories[name]).whole()
        return self._told[name]

    def check_end(self, name: str, run: Run[P], what: str) -> None:
        """Check that a run of a story had the ending of the undisturbed one."""
        story, undisturbed = self.stories[name], self.told(name)
        same = run.rejoined or story.same(run.end, undisturbed.end)
        assert same, run.tale([what, str(run.end), str(undisturbed.end)])

    def crash(self, name: str, bookmarks: Iterable[Bookmark]) -> None:
        """Kill the operator after writes of a story, and check that a new one brings it to its end.

        No crash is noticed for two seconds.
        """
        for bookmark in bookmarks:
            run = Run(self.subject, self.stories[name])
            run.after_crash(bookmark, _DOWN_SECONDS, self.told(name).arrivals)
            self.check_end(name, run, f"crashed after {bookmark.write}")
