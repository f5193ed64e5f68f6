"""Following a rollout: a line for each change through a pipe, a redrawn picture on a screen."""

import io
import json
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from rich.console import Console

from sluice.adapters.clock import SystemClock
from sluice.adapters.failures import ForbiddenError
from sluice.cli import cluster as kube
from sluice.cli.exits import CommandError, Exit
from sluice.cli.options import Output
from sluice.cli.rollout.reads import follow_one
from sluice.cli.terminal import Terminal
from sluice.rollout.status import RolloutStatus
from tests.cli.scenes import HEALTHY, JUDGING, PAUSED, ROLLED_BACK, body, under_way
from tests.cli.server import ROLLOUT, Cluster
from tests.plain_connection import plain_connection

pytestmark = pytest.mark.usefixtures("hasty")


class Paper(io.StringIO):
    """A stream whose reader turns the page on having read the next one of some words."""

    def __init__(self, turn: Callable[[], None], *words: str) -> None:
        super().__init__()
        self._turn = turn
        self._words = list(words)

    def flush(self) -> None:
        if self._words and self._words[0] in self.getvalue():
            del self._words[0]
            self._turn()


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[kube.Cluster]:
    cluster.surround(under_way())
    cluster.put(body(JUDGING))
    found = kube.Cluster(plain_connection(cluster.http.url))
    yield found
    await found.close()


def story(cluster: Cluster, *states: RolloutStatus) -> Callable[[], None]:
    """Return a function that takes the Rollout from state to state, and then deletes it."""
    coming: Iterator[RolloutStatus] = iter(states)

    def turn() -> None:
        state = next(coming, None)
        if state is not None:
            cluster.store.set(ROLLOUT, "status", state.to_json())
        elif ROLLOUT in cluster.store.objects:
            cluster.store.delete(ROLLOUT)

    return cluster.soon(turn)


def terminal_on(paper: Paper, *, screen: bool) -> Terminal:
    console = Console(
        file=paper,
        force_terminal=screen,
        color_system="standard" if screen else None,
        width=120,
        height=60,
        highlight=False,
        markup=False,
        legacy_windows=False,
    )
    return Terminal(out=console, err=console, program="sluice")


async def follow(client: kube.Cluster, terminal: Terminal, output: Output) -> CommandError:
    with pytest.raises(CommandError) as ended:
        await follow_one(client, ROLLOUT, terminal, output, SystemClock())
    return ended.value


async def test_a_pipe_gets_a_line_for_each_change(cluster: Cluster, client: kube.Cluster) -> None:
    paper = Paper(story(cluster, PAUSED, HEALTHY), "Judging", "Paused", "Healthy")

    ended = await follow(client, terminal_on(paper, screen=False), Output.TABLE)

    assert ended.code == Exit.NOT_FOUND
    assert [line.split("  ")[2] for line in paper.getvalue().splitlines()] == [
        "◌ Progressing/Judging",
        "⏸ Paused",
        "✔ Healthy",
    ]


async def test_a_program_gets_an_object_for_each_change(
    cluster: Cluster, client: kube.Cluster
) -> None:
    paper = Paper(story(cluster, ROLLED_BACK), "Judging", '"RolledBack"')

    await follow(client, terminal_on(paper, screen=False), Output.JSON)

    phases = [json.loads(line)["status"]["phase"] for line in paper.getvalue().splitlines()]
    assert phases == ["Progressing", "RolledBack"]


async def test_a_screen_is_redrawn(cluster: Cluster, client: kube.Cluster) -> None:
    paper = Paper(story(cluster, PAUSED), "Progressing/Judging", "Paused")

    await follow(client, terminal_on(paper, screen=True), Output.TABLE)

    erase_line = "\x1b[2K"
    assert erase_line in paper.getvalue()


async def test_what_repetition_cannot_mend_ends_the_watch(
    cluster: Cluster, client: kube.Cluster
) -> None:
    paper = Paper(lambda: cluster.refuse("GET", 403, "Forbidden"), "Judging")
    cluster.http.on_watch = cluster.http.cut_watches

    with pytest.raises(ForbiddenError):
        await follow_one(
            client, ROLLOUT, terminal_on(paper, screen=False), Output.TABLE, SystemClock()
        )
