"""Who holds a workload back, and how one of them is taken off the list."""

import pytest

from sluice.model.cluster import Metadata
from sluice.model.holds import Holder, held_by_others, holders_of, holds, taken_off
from sluice.model.json import Body, Json
from sluice.model.plan import Operation
from sluice.model.references import DEPLOYMENTS

PATH = "/metadata/annotations/sluice.dev~1holders"
OFF = (Operation("remove", PATH),)


def left(text: str) -> tuple[Operation, ...]:
    return (Operation("replace", PATH, text),)


def meta(holders: str | None, held: str = "") -> Metadata:
    annotations: dict[str, Json] = {} if holders is None else {"sluice.dev/holders": holders}
    if held:
        annotations["sluice.dev/held"] = held
    named: dict[str, Json] = {
        "namespace": "shop",
        "name": "api",
        "uid": "1",
        "resourceVersion": "7",
    }
    created: dict[str, Json] = {"creationTimestamp": "2026-11-21T12:00:00Z"}
    body = {"metadata": {**named, **created, "annotations": annotations}}
    return Metadata.from_body(Body(body), DEPLOYMENTS)


@pytest.mark.parametrize(
    ("holders", "held", "listed", "others", "operations"),
    [
        pytest.param(None, "", (), False, (), id="nobody"),
        pytest.param("", "", (), False, (), id="an empty list"),
        pytest.param("startup", "", ("startup",), False, OFF, id="startup alone"),
        pytest.param("author", "", ("author",), True, (), id="the author alone"),
        pytest.param(
            "author,startup", "", ("author", "startup"), True, left("author"), id="both, in order"
        ),
        pytest.param(
            "startup,other", "", ("startup", "other"), True, left("other"), id="one unknown to us"
        ),
        pytest.param(
            "startup", "pending", ("startup", "rollout"), True, OFF, id="a Rollout's mark counts"
        ),
        pytest.param(None, "7d9f", ("rollout",), True, (), id="a Rollout's mark alone"),
        pytest.param(",startup,", "", ("startup",), False, OFF, id="stray commas are no names"),
        pytest.param(
            "startup,startup", "", ("startup", "startup"), False, OFF, id="listed twice, gone once"
        ),
    ],
)
def test_who_holds_and_how_startup_is_taken_off(
    holders: str | None,
    held: str,
    listed: tuple[str, ...],
    others: bool,  # noqa: FBT001 - a column of the table
    operations: tuple[Operation, ...],
) -> None:
    one = meta(holders, held)

    assert holders_of(one) == listed
    assert holds(one, Holder.STARTUP) is ("startup" in listed)
    assert held_by_others(one, Holder.STARTUP) is others
    assert taken_off(one, Holder.STARTUP) == operations


def test_a_holder_that_is_not_listed_changes_no_text() -> None:
    assert taken_off(meta("author,startup"), Holder.ROLLOUT) == ()
