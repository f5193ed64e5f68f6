"""What `get`, `list`, `history` and `explain` show, each state as a golden file."""

from dataclasses import replace

import pytest

from sluice.cli.render import drawn_table
from sluice.cli.rollout.explaining import explanation
from sluice.cli.rollout.reads import picture
from sluice.cli.views.glyphs import ASCII, UNICODE
from sluice.cli.views.line import one_line
from sluice.cli.views.tables import history, listing
from sluice.rollout.explain import Check
from sluice.rollout.phases import Stage
from sluice.rollout.status import RolloutStatus
from tests.builders import NAME
from tests.cli.golden import assert_golden, piped
from tests.cli.scenes import (
    HEALTHY,
    JUDGING,
    NOW,
    PAUSED,
    ROLLED_BACK,
    Around,
    at_rest,
    body,
    family,
    overview,
    rejected,
    replica_set,
    under_way,
)

STATES = [
    pytest.param("healthy", HEALTHY, at_rest(), id="at rest"),
    pytest.param("judging", JUDGING, under_way(), id="in the middle of a step"),
    pytest.param("paused", PAUSED, under_way(), id="paused"),
    pytest.param("rolled_back", ROLLED_BACK, rejected(), id="rolled back"),
    pytest.param("unseen", None, at_rest(), id="not seen by an operator yet"),
]


@pytest.mark.parametrize(("name", "status", "around"), STATES)
def test_get_shows_state_why_next_and_undo(
    name: str, status: RolloutStatus | None, around: Around
) -> None:
    near = family(status, around)

    assert_golden(f"get_{name}", piped(picture(near, NOW, "sluice", UNICODE)))


def test_get_shows_crashing_pods_before_the_others() -> None:
    crowd = family(JUDGING, under_way(stable_pods=12, crashes=3))

    assert_golden("get_crashing", piped(picture(crowd, NOW, "kubectl sluice", UNICODE)))


def test_get_tells_the_promoted_version_from_the_former_one() -> None:
    near = under_way()
    promoted = replica_set(NAME, f"{NAME}-new", 1, 2)
    rolling = replace(JUDGING, stage=Stage.ROLLING, promoted_replica_set=f"{NAME}-new", slos=())
    around = replace(near, replica_sets=(*near.replica_sets, promoted))

    shown = piped(picture(family(rolling, around), NOW, "sluice", UNICODE))

    assert_golden("get_rolling", shown)


def test_get_does_without_unicode() -> None:
    shown = piped(picture(family(PAUSED, under_way()), NOW, "sluice", ASCII), encoding="ascii")

    assert shown.isascii()
    assert_golden("get_ascii", shown)


def test_list_shows_a_line_for_each() -> None:
    rollouts = [overview(status) for status in (HEALTHY, JUDGING, PAUSED, ROLLED_BACK, None)]

    shown = piped(drawn_table(listing(rollouts, NOW, namespaces=True), UNICODE))

    assert_golden("list", shown)


def test_history_shows_the_latest_first() -> None:
    assert_golden("history", piped(drawn_table(history(ROLLED_BACK.history, NOW), UNICODE)))


def test_a_narrow_screen_folds_the_message_alone() -> None:
    table = drawn_table(listing([overview(ROLLED_BACK)], NOW, namespaces=False), UNICODE)

    assert_golden("list_narrow", piped(table, width=100))


def test_explain_shows_each_check_with_its_answer() -> None:
    checks = (
        Check("aborted", True, "no"),
        Check("slo errors", False, "17 of 900 at the canary; evidence of harm 31, limit 20"),
        Check("next", None, "RollingBack/Shifting: rolled back at 10% after 1m30s"),
    )

    assert_golden("explain", piped(explanation(overview(JUDGING), checks, NOW, UNICODE)))


def test_the_line_of_a_pipe_does_not_change_with_time_alone() -> None:
    line = one_line(overview(JUDGING), UNICODE)

    assert line.split("  ") == [
        "checkout",
        "◌ Progressing/Judging",
        "step 2/3",
        "weight 10% (actual 10%)",
        "step 2/3: 10% is judged",
    ]


def test_a_status_from_another_version_is_shown_as_unknown() -> None:
    strange = {**body(HEALTHY), "status": {"phase": "Levitating", "stage": "High"}}

    found = type(overview(None)).from_body(strange)

    assert found.word == "Unknown"
    assert "Levitating/High" in found.why
