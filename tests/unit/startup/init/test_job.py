"""The Job of a run: what it is made of, when it is over, and how it is let go."""

from collections.abc import Mapping

import pytest

from sluice.model.cluster import Job, Pod
from sluice.model.json import Body, Json
from sluice.model.plan import Operation
from sluice.startup.init.job import is_kept, is_over, job_manifest, letting_go, run_of
from sluice.startup.init.names import job_ref
from sluice.startup.init.spec import Init
from tests.unit.startup.init.given import IMAGE, INIT, JOB, NAMESPACE, RUN, init, job, pod
from tests.unit.startup.init.test_spec import FULL


def manifest(of: Init = INIT) -> Body:
    ref = job_ref(NAMESPACE, of.graph, of.node, RUN)
    return Body(job_manifest(ref, of, RUN, of.job))


def test_the_job_fails_for_good_as_often_and_as_late_as_the_graph_says() -> None:
    spec = manifest(init(backoffLimit=0, timeout="1m0.5s")).body("spec")

    assert spec.whole("backoffLimit") == 0
    assert spec.whole("activeDeadlineSeconds") == 61


def test_two_tries_never_overlap_and_none_is_restarted_in_place() -> None:
    spec = manifest().body("spec")

    assert spec.text("podReplacementPolicy") == "Failed"
    assert spec.text("template", "spec", "restartPolicy") == "Never"
    assert (spec.whole("completions"), spec.whole("parallelism")) == (1, 1)


def test_exit_code_20_ends_it_at_once_and_a_disruption_does_not_count() -> None:
    rules = manifest().body("spec").bodies("podFailurePolicy", "rules")

    assert [rule.text("action") for rule in rules] == ["FailJob", "Ignore"]
    container = manifest().bodies("spec", "template", "spec", "containers")[0].text("name")
    assert rules[0].body("onExitCodes").value == {
        "containerName": container,
        "operator": "In",
        "values": [20],
    }
    assert rules[1].bodies("onPodConditions")[0].text("type") == "DisruptionTarget"


def test_nothing_deletes_it_before_a_record_tells_of_it() -> None:
    meta = manifest().body("metadata")

    assert meta.texts("finalizers") == ("sluice.dev/record",)
    assert not meta.has("ownerReferences")
    assert not manifest().has("spec", "ttlSecondsAfterFinished")


def test_job_and_pods_carry_graph_and_node_and_a_role_that_no_policy_holds() -> None:
    labels = manifest().labels("metadata", "labels")

    assert labels == manifest().labels("spec", "template", "metadata", "labels")
    wanted = {"sluice.dev/graph": "shop", "sluice.dev/node": "migrate", "sluice.dev/role": "init"}
    assert wanted.items() <= labels.items()


def test_the_last_lines_of_a_failure_are_its_message() -> None:
    (container,) = manifest().bodies("spec", "template", "spec", "containers")

    assert container.text("terminationMessagePolicy") == "FallbackToLogsOnError"


@pytest.mark.parametrize("account", [{}, {"serviceAccountName": "default"}])
def test_the_account_that_nobody_chose_has_no_token(account: Mapping[str, Json]) -> None:
    spec = manifest(init(job={**IMAGE, **account})).body("spec", "template", "spec")

    assert spec.text("serviceAccountName") == "default"
    assert spec.json("automountServiceAccountToken") is False


def test_an_account_that_was_chosen_says_itself_whether_it_has_one() -> None:
    spec = manifest(init(job=FULL)).body("spec", "template", "spec")

    assert spec.text("serviceAccountName") == "migrate"
    assert not spec.has("automountServiceAccountToken")
    assert [one.text("name") for one in spec.bodies("volumes")] == ["volume-0", "volume-1"]


def test_a_job_without_volumes_has_no_list_of_them() -> None:
    assert not manifest().has("spec", "template", "spec", "volumes")


def test_a_job_says_which_run_it_is() -> None:
    assert run_of(job()) == RUN


@pytest.mark.parametrize("text", ["", "{", "[]", '{"lock":"a"}', '{"direction":"Left"}'])
def test_a_job_that_does_not_say_so_is_none(text: str) -> None:
    assert run_of(job(own={"annotations": {"sluice.dev/run": text}})) is None


def test_letting_go_takes_our_finalizer_alone_and_begins_the_last_week() -> None:
    given = job(own={"finalizers": ["a", "sluice.dev/record", "b"]})

    assert is_kept(given)
    assert not is_kept(job(kept=False))
    assert letting_go(given) == (
        Operation("replace", "/metadata/finalizers", ["a", "b"]),
        Operation("add", "/spec/ttlSecondsAfterFinished", 604800),
    )


OVER: list[tuple[str, Job | None, tuple[Pod, ...], bool]] = [
    ("it runs", job(), (pod(),), False),
    ("its pod ended, a next one is to come", job(), (pod(code=1),), False),
    ("it completed", job(ended="Complete"), (pod(code=0),), True),
    ("it failed, but a pod runs", job(ended="Failed"), (pod(code=1), pod(name="two")), False),
    ("it failed", job(ended="Failed"), (pod(code=1),), True),
    ("it is being deleted, its pod runs", job(deleting=True), (pod(),), False),
    ("it is being deleted, its pod ended", job(deleting=True), (pod(code=137),), True),
    ("it is being deleted, its pod is gone", job(deleting=True), (), True),
    ("it is gone, its pod runs", None, (pod(),), False),
    ("it is gone", None, (), True),
]


@pytest.mark.parametrize(("_", "given", "pods", "over"), OVER, ids=[said for said, *_ in OVER])
def test_a_job_is_over(_: str, given: Job | None, pods: tuple[Pod, ...], *, over: bool) -> None:
    assert is_over(given, pods) is over


def test_the_names_of_the_fixtures_agree() -> None:
    assert job().meta.ref.name == JOB
