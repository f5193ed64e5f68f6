"""`graph history`: which versions ran, how they ended, also when the graph is gone."""

import json
from dataclasses import replace

import pytest
import yaml

from sluice.cli.exits import Exit
from sluice.cli.graph.histories import History, table
from sluice.cli.render import drawn_table
from sluice.cli.views.glyphs import UNICODE
from sluice.model.json import Body, JsonObject
from sluice.startup.init.run import Direction, Outcome, Result
from sluice.startup.init.states import State
from tests.cli.conftest import Command
from tests.cli.golden import assert_golden, piped
from tests.cli.graph_scenes import GRAPH, NOW, REF
from tests.cli.init_scenes import (
    BACK,
    BROKEN,
    DONE,
    INIT,
    LOCK,
    NODE,
    entry,
    once,
    record,
    run,
    told,
    web,
)
from tests.cli.server import Cluster

OLD, UP = run("42"), run()
HASHED = run(INIT.checksum)
SAID = replace(DONE, by="ada", exit_code=None)
KEPT = record(
    entry(OLD, DONE, 1),
    entry(UP, BROKEN, 2),
    logs={"42": "done", "43": "one\n\x1b[31mno column price\n"},
)
HISTORY = ("graph", "history", GRAPH)


@pytest.fixture
def kept(cluster: Cluster) -> None:
    cluster.put(web(once(NODE, "db"), told(State.FAILED, UP, BROKEN)), KEPT)


def test_history_shows_a_line_for_each_version() -> None:
    entries = (
        entry(OLD, DONE, 1),
        entry(run("43", 2, direction=Direction.DOWN), BACK, 2),
        entry(run("44"), replace(BROKEN, by=""), 3),
        entry(HASHED, SAID, 4),
        entry(run("46"), Outcome(Result.DIRTY, NOW - 5.0), 5),
    )
    found = History.from_body(Body(record(*entries)))

    assert_golden("history_of_init", piped(drawn_table(table([found], NOW), UNICODE)))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "words",
    [
        pytest.param((), id="of the graph"),
        pytest.param((NODE,), id="of the node"),
        pytest.param((NODE, "--lock", "web-db"), id="of the lock"),
    ],
)
def test_history_tells_what_ran_and_changes_nothing(
    cluster: Cluster, sluice: Command, words: tuple[str, ...]
) -> None:
    cluster.put(record(entry(run(lock=LOCK), DONE), lock=LOCK))

    said = sluice(*HISTORY, *words)

    assert (said.code, said.err) == (Exit.DONE, "")
    assert "43" in said.out
    assert ("42" in said.out) is ("--lock" not in words)
    assert cluster.http.writes == []


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_programs_get_the_records(sluice: Command, form: str) -> None:
    said = sluice(*HISTORY, "-o", form)

    value = json.loads(said.out) if form == "json" else yaml.safe_load(said.out)
    (one,) = value["records"]
    assert (value["graph"], one["node"], one["lock"]) == (GRAPH, NODE, "web/migrate")
    assert [item["version"] for item in one["entries"]] == ["42", "43"]
    assert one["entries"][1]["said"] == "no column price"
    assert one["fault"] == ""


@pytest.mark.usefixtures("kept")
def test_a_record_outlives_its_graph(cluster: Cluster, sluice: Command) -> None:
    del cluster.store.objects[REF]

    assert "43" in sluice(*HISTORY).out
    assert "43" in sluice(*HISTORY, NODE).out


def test_a_record_under_another_lock_is_found_by_the_jobs_of_the_graph(
    cluster: Cluster, sluice: Command
) -> None:
    mine, other = run(lock=LOCK), run("7", lock=LOCK)
    cluster.put(record(entry(mine, DONE), lock=LOCK))
    stranger = replace(entry(other, DONE), job="cart-seed-1")
    cluster.put(record(stranger, lock=LOCK, of="seed"))

    said = sluice(*HISTORY, "-o", "json")

    assert [one["node"] for one in json.loads(said.out)["records"]] == [NODE]


def test_the_versions_that_nobody_wrote_are_meant_by_their_digits(
    cluster: Cluster, sluice: Command
) -> None:
    cluster.put(record(entry(HASHED, DONE), logs={INIT.checksum: "it ran"}))

    digits = INIT.checksum[3:15]

    assert digits in sluice(*HISTORY).out
    assert sluice(*HISTORY, "--log", digits).out == "it ran\n"
    assert sluice(*HISTORY, "--log", INIT.checksum).out == "it ran\n"


@pytest.mark.usefixtures("kept")
def test_log_prints_what_is_kept_without_what_moves_a_cursor(sluice: Command) -> None:
    said = sluice(*HISTORY, "--log", "43")

    assert (said.code, said.err) == (Exit.DONE, "")
    assert said.out == "one\n\N{REPLACEMENT CHARACTER}[31mno column price\n"


OF_SEED = record(entry(run(lock="web/seed"), DONE), lock="web/seed", of="seed")
BARE = web(once(NODE, "db"), told(State.HELD))
ABSENT = [
    pytest.param(
        (),
        (KEPT,),
        ("wbe",),
        Exit.NOT_FOUND,
        "there is no graph wbe in namespace shop",
        "--lock KEY",
        id="no such graph",
    ),
    pytest.param(
        (),
        (KEPT,),
        ("wbe", "migrat"),
        Exit.NOT_FOUND,
        "nothing is recorded of node migrat of",
        "did you mean node migrate?",
        id="no such graph, but a node that is near",
    ),
    pytest.param(
        (BARE,),
        (),
        (GRAPH, "migrat"),
        Exit.NOT_FOUND,
        "there is no node migrat",
        "did you mean migrate?",
        id="no such node",
    ),
    pytest.param(
        (BARE,),
        (),
        (GRAPH, "api"),
        Exit.NEGATIVE,
        "node api starts Deployment api",
        "with init",
        id="a workload",
    ),
    pytest.param(
        (BARE,),
        (),
        (GRAPH, "--lock", "web-db"),
        Exit.NOT_FOUND,
        "any node under lock web-db",
        "spec.nodes[].init.lock",
        id="no such lock",
    ),
    pytest.param(
        (BARE,),
        (KEPT,),
        (GRAPH, "--log", "7"),
        Exit.NOT_FOUND,
        "has version 7, but 42, 43",
        "sluice graph explain",
        id="no such version",
    ),
    pytest.param(
        (BARE,),
        (record(entry(UP, DONE)),),
        (GRAPH, "--log", "43"),
        Exit.NEGATIVE,
        "nothing is kept of what version 43 wrote",
        "sluice graph history web",
        id="no log",
    ),
    pytest.param(
        (BARE,),
        (record(entry(UP, DONE)), OF_SEED),
        (GRAPH, "--log", "43"),
        Exit.USAGE,
        "several records have version 43: migrate (lock web/migrate), seed (lock web/seed)",
        "name the NODE",
        id="several nodes",
    ),
    pytest.param(
        (BARE,),
        (record(more={"version.43": "{"}),),
        (GRAPH,),
        Exit.NEGATIVE,
        "the record of migrate cannot be read",
        "mend or delete that key",
        id="unreadable",
    ),
    pytest.param(
        (BARE,),
        (record(more={"version.43": "{"}),),
        (GRAPH, "--log", "43"),
        Exit.NEGATIVE,
        "the record of migrate cannot be read",
        "mend or delete that key",
        id="log of that",
    ),
]


@pytest.mark.parametrize(("graphs", "records", "words", "code", "sentence", "fix"), ABSENT)
def test_what_is_not_there_is_told_with_what_to_write(  # noqa: PLR0917 - a case each
    cluster: Cluster,
    sluice: Command,
    graphs: tuple[JsonObject, ...],
    records: tuple[JsonObject, ...],
    words: tuple[str, ...],
    code: Exit,
    sentence: str,
    fix: str,
) -> None:
    cluster.put(*graphs, *records)

    said = sluice("graph", "history", *words)

    assert said.code == code
    assert sentence in said.err
    assert fix in said.err


@pytest.mark.parametrize("words", [(), (NODE,)], ids=["of the graph", "of the node"])
def test_a_graph_of_which_nothing_ran_yet_says_so(
    cluster: Cluster, sluice: Command, words: tuple[str, ...]
) -> None:
    cluster.put(BARE, record())

    said = sluice(*HISTORY, *words)

    assert (said.code, said.out) == (Exit.DONE, "")
    assert "has come to an end yet" in said.err
