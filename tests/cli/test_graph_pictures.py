"""What `graph list`, `get`, `explain` and `show` write, as golden files."""

from dataclasses import replace

from sluice.cli.graph.drawing import dot_of, ranked
from sluice.cli.graph.explaining import explanation
from sluice.cli.graph.reads import picture
from sluice.cli.graph.stories import stories
from sluice.cli.graph.tables import listing
from sluice.cli.render import drawn_table
from sluice.cli.views.glyphs import ASCII, UNICODE
from sluice.model.json import Body, JsonObject
from sluice.startup.spec import GraphSpec
from sluice.startup.status import GraphStatus, Phase
from tests.cli.golden import assert_golden, piped
from tests.cli.graph_scenes import (
    AROUND,
    NOW,
    STARTING,
    condition,
    graph,
    node,
    overview,
    scene,
    status,
)


def spec_of(body: JsonObject) -> GraphSpec:
    return GraphSpec.from_body(Body(body).body("spec"), "shop")


def with_status(new: GraphStatus | None) -> JsonObject:
    return graph(node("db"), node("api", "db"), status=new, suspend=new is not None)


INVALID = condition("Stalled", holds=True, reason="InvalidGraph", message="nodes depend")


def test_list_shows_a_line_for_each() -> None:
    found = [
        STARTING,
        with_status(None),
        *(with_status(status(phase, message=f"it is {phase}")) for phase in Phase),
        with_status(status(Phase.PENDING, conditions=(INVALID,))),
    ]

    shown = piped(drawn_table(listing(map(overview, found), NOW, namespaces=True), UNICODE))

    assert_golden("graph_list", shown)


def test_get_shows_the_graph_and_each_node() -> None:
    assert_golden("graph_get", piped(picture(overview(STARTING), NOW, "sluice", UNICODE)))


def test_get_shows_what_no_operator_has_seen() -> None:
    unseen = overview(with_status(None))

    assert_golden("graph_get_unseen", piped(picture(unseen, NOW, "kubectl sluice", UNICODE)))


def test_get_shows_how_a_suspended_graph_goes_on() -> None:
    suspended = overview(with_status(status(Phase.SUSPENDED, message="suspended")))

    shown = piped(picture(suspended, NOW, "sluice", ASCII), encoding="ascii")

    assert_golden("graph_get_suspended", shown)


def test_get_says_that_an_invalid_graph_has_to_be_corrected() -> None:
    invalid = overview(with_status(status(Phase.READY, conditions=(INVALID,))))

    assert invalid.word == "InvalidGraph"
    assert invalid.following.startswith("correct the graph")


def test_a_failed_graph_is_told_by_its_phase() -> None:
    failed = replace(INVALID, reason="NodesFailed")

    assert overview(with_status(status(Phase.FAILED, conditions=(failed,)))).word == "Failed"


def test_a_status_from_another_version_is_shown_as_unknown() -> None:
    found = overview({**STARTING, "status": {"phase": "Levitating"}})

    assert found.word == "Unknown"
    assert "Levitating" in found.why
    assert found.node("db") is None


def test_explain_shows_every_node_that_is_not_ready_with_all_that_keeps_it() -> None:
    seen = scene(STARTING, *AROUND)

    shown = piped(explanation(overview(STARTING), seen, stories(seen, "sluice"), UNICODE))

    assert_golden("graph_explain", shown)


def test_show_draws_the_ranks_from_top_to_bottom() -> None:
    shown = piped(drawn_table(ranked(overview(STARTING), spec_of(STARTING)), UNICODE))

    assert_golden("graph_show", shown)


def test_dot_draws_arrows_from_parents_to_children() -> None:
    stray = graph(
        node("db"),
        node("api", {"node": "db", "until": "Started"}, {"node": "cashe", "optional": True}),
    )

    drawn = dot_of(overview(STARTING), spec_of(STARTING))
    unknown = dot_of(overview(stray), spec_of(stray))

    assert_golden("graph_dot", drawn + unknown)


def test_dot_escapes_what_has_a_meaning_in_it() -> None:
    hostile = graph(node('a"];\\N'))

    drawn = dot_of(overview(hostile), spec_of(hostile))

    assert '  "a\\"];\\\\N" [label="a\\"];\\\\N\\nUnknown", color=gray40];' in drawn.splitlines()
