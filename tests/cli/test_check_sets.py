"""`sluice check` of the pods of sets: held back until the API server knows their set's UID."""

from collections.abc import Mapping

import pytest

from sluice.adapters.clock import SystemClock
from sluice.cli.check.findings import Outcome
from sluice.cli.check.sets import Listed, latest
from sluice.startup.states import State
from sluice.startup.status import Phase
from tests.cli import site
from tests.cli.graph_scenes import graph, node, seen, status
from tests.cli.server import Cluster
from tests.cli.spoiling import (
    Spoil,
    answering,
    assert_failed,
    assert_skipped,
    found,
    refusing,
    untouched,
    without,
)
from tests.engine.apiserver import Fault
from tests.engine.store import RefusalError
from tests.manifest_files import only

HELD = "a pod of a set is held back"
KNOWN = "released sets are known to the API server"
PODS = "/api/v1/namespaces/shop/pods"
OLD, NEW = "uid-of-db", "uid-of-db1"
DAY, HOUR = 86400.0, 3600.0


def listing(*uids: str, known: tuple[str, ...] = (), **released: float) -> Spoil:
    """Put UIDs on the list. released: which nodes were, and so many seconds ago."""

    def spoil(cluster: Cluster) -> None:
        now = SystemClock().now()
        nodes = [seen(name, State.READY, released_at=now - ago) for name, ago in released.items()]
        body = graph(*(node(name) for name in released), status=status(Phase.READY, *nodes))
        cluster.http.answers[site.RELEASED] = site.listed(*uids)
        cluster.http.admission = site.gating(*known)
        cluster.put(body)

    return spoil


def ungated(cluster: Cluster) -> None:
    cluster.http.admission = lambda written: written


async def test_a_set_that_was_never_released_is_not_admitted_ungated(cluster: Cluster) -> None:
    finding = await found(cluster, HELD, ungated)

    message = "a dry-run pod of a new set in namespace shop came back without a gate"
    assert_failed(finding, message, "manifests/base; if that changes nothing, restart the API")


@pytest.mark.parametrize(
    "reason",
    [
        "policy 'sluice-startup-scheduling' with binding 'x' denied request: no such key",
        'policy "sluice-startup-scheduling" denied request: failed to configure policy',
    ],
    ids=["evaluated", "configured"],
)
async def test_a_policy_of_ours_that_cannot_be_is_no_matter_of_rights(
    cluster: Cluster, reason: str
) -> None:
    refusal = RefusalError(403, "Forbidden", reason)
    fault = Fault(lambda request: request.path == PODS, refusal)

    finding = await found(cluster, HELD, lambda cluster: cluster.http.faults.append(fault))

    assert_failed(finding, reason, "manifests/base")


PASSES = [
    pytest.param(
        untouched,
        "it knows StatefulSet shop/db, of 1 on the list",
        id="of which no graph tells",
    ),
    pytest.param(
        listing(OLD, NEW, known=(OLD, NEW), db=3 * DAY, db1=3 * HOUR),
        "it knows StatefulSet shop/db1, released 3h ago, of 2 on the list",
        id="the latest of which stands last",
    ),
    pytest.param(
        listing(NEW, OLD, known=(OLD, NEW), db=3 * DAY, db1=3 * HOUR),
        "it knows StatefulSet shop/db, released 3h ago, of 2 on the list",
        id="the latest of which stands first",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), PASSES)
async def test_released_sets_are_known(cluster: Cluster, spoil: Spoil, message: str) -> None:
    finding = await found(cluster, KNOWN, spoil)

    assert (finding.outcome, finding.message) == (Outcome.PASSED, message)


async def test_a_list_that_the_api_server_has_ceased_to_read_is_found_by_its_latest_set(
    cluster: Cluster,
) -> None:
    finding = await found(cluster, KNOWN, listing(OLD, NEW, known=(OLD,), db=3 * DAY, db1=3 * HOUR))

    assert finding.outcome is Outcome.WARNED
    shown = "it does not know StatefulSet shop/db1, released 3h ago, of 2 on the list"
    assert finding.message == f"{shown}: its new pods wait for the operator"
    assert finding.fix.startswith("restart the API server")


FORBIDDEN = "cannot be tried in namespace shop: refused with 403"
INVALID = "cannot be tried in namespace shop: refused with 422"
SKIPS = [
    pytest.param(refusing(PODS), HELD, FORBIDDEN, id="the hold where one may create no pod"),
    pytest.param(refusing(PODS), KNOWN, FORBIDDEN, id="the list where one may create no pod"),
    pytest.param(
        refusing(PODS, 422, "Invalid"), HELD, INVALID, id="the hold where others refuse the pod"
    ),
    pytest.param(
        without(site.RELEASED), KNOWN, "no ConfigMap sluice-system/sluice-released", id="no list"
    ),
    pytest.param(
        refusing(site.RELEASED), KNOWN, "you may not look", id="a list that one may not read"
    ),
    pytest.param(
        answering(site.RELEASED, site.listed()),
        KNOWN,
        "no set was released more than 10s ago",
        id="an empty list",
    ),
    pytest.param(
        listing(OLD, db=0),
        KNOWN,
        "no set was released more than 10s ago",
        id="a list that the API server may be about to hear of",
    ),
    pytest.param(
        ungated, KNOWN, "pods of sets are not held back", id="the list where nothing is gated"
    ),
]


@pytest.mark.parametrize(("spoil", "claim", "message"), SKIPS)
async def test_what_cannot_be_told_of_sets_is_skipped(
    cluster: Cluster, spoil: Spoil, claim: str, message: str
) -> None:
    finding = await found(cluster, claim, spoil)

    assert_skipped(finding, message)


@pytest.mark.parametrize(("claim", "pods"), [(HELD, 1), (KNOWN, 2)], ids=["hold", "list"])
async def test_the_trial_pods_are_not_written(cluster: Cluster, claim: str, pods: int) -> None:
    await found(cluster, claim, untouched)

    assert cluster.http.tried == [PODS] * pods
    assert cluster.http.written == []


LISTS = [
    pytest.param({}, {}, None, id="none of none"),
    pytest.param({OLD: "db"}, {}, Listed(OLD, "db", None), id="one that no graph knows"),
    pytest.param(
        {OLD: "db", NEW: "db1"}, {OLD: 50.0}, Listed(OLD, "db", 50.0), id="one that a graph knows"
    ),
    pytest.param(
        {OLD: "db", NEW: "db1"}, {OLD: 50.0, NEW: 60.0}, Listed(NEW, "db1", 60.0), id="the latest"
    ),
    pytest.param(
        {OLD: "db", NEW: "db1"}, {OLD: 50.0, NEW: 90.0}, Listed(OLD, "db", 50.0), id="not too late"
    ),
    pytest.param({OLD: "db"}, {OLD: 110.0}, None, id="none of another clock's future"),
    pytest.param({}, {OLD: 50.0}, None, id="none that is on no list"),
]


@pytest.mark.parametrize(("listed", "released", "expected"), LISTS)
def test_of_the_list_there_is_chosen(
    listed: Mapping[str, str], released: Mapping[str, float], expected: Listed | None
) -> None:
    assert latest(listed, released, now=100.0) == expected


def test_the_list_as_installed_has_no_set() -> None:
    data = only("ConfigMap", "sluice-released").labels("data")

    assert latest(data, {}, now=100.0) is None
