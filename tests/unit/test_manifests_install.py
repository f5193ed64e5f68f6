"""What is installed: complete, and with the least rights."""

from dataclasses import replace
from pathlib import Path

import pytest

from sluice.engine.announcer import EVENTS
from sluice.handlers.run import run_command
from sluice.model.cluster import PROJECTIONS
from sluice.model.references import (
    CONFIGMAPS,
    DAEMONSETS,
    JOBS,
    LEASES,
    PODS,
    REPLICASETS,
    ROLLOUTS,
    SERVICES,
    STARTUPGRAPHS,
    STATEFULSETS,
    Resource,
)
from tests.manifest_files import MANIFESTS, ROOT, documents, of_kind, only

KUSTOMIZATIONS = sorted((*MANIFESTS.rglob("kustomization.yaml"), ROOT / "crds/kustomization.yaml"))
RULES = tuple(
    rule
    for kind in ("ClusterRole", "Role")
    for role in of_kind(kind)
    for rule in role.bodies("rules")
)
POLICIES = Resource(
    "admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies", "MutatingAdmissionPolicy"
)
OPERATOR_RULES = only("ClusterRole", "sluice-operator").bodies("rules")
UNUSED = {
    "a Service is never changed": (SERVICES, "patch"),
    "a ReplicaSet is never made": (REPLICASETS, "create"),
    "a policy is never read": (POLICIES, "get"),
    "an Event is posted in its own group": (replace(EVENTS, group=""), "create"),
    "an Event is never changed": (EVENTS, "patch"),
    "a graph is never deleted": (STARTUPGRAPHS, "delete"),
    "a set is held by its pods, never by a field": (STATEFULSETS, "patch"),
    "a set of all nodes neither": (DAEMONSETS, "patch"),
    "a Job is never deleted": (JOBS, "delete"),
    "a pod is never made": (PODS, "create"),
    "a record is never deleted": (CONFIGMAPS, "delete"),
    "a lock is never deleted": (LEASES, "delete"),
}
OWN_KINDS = (ROLLOUTS, STARTUPGRAPHS)
POD = only("Deployment", "sluice").body("spec", "template", "spec")


@pytest.mark.parametrize("path", KUSTOMIZATIONS, ids=lambda path: path.parent.name)
def test_a_kustomization_lists_every_file_beside_it(path: Path) -> None:
    (listed,) = documents(path)
    patches = {patch.text("path") for patch in listed.bodies("patches")}
    beside = {file.name for file in path.parent.glob("*.yaml")} - {path.name}
    resources = set(listed.texts("resources"))
    assert {name for name in resources | patches if name.endswith(".yaml")} == beside
    assert all((path.parent / name).exists() for name in resources)


def test_no_rule_has_a_wildcard() -> None:
    wide = [
        r for r in RULES if "*" in (*r.texts("apiGroups"), *r.texts("resources"), *r.texts("verbs"))
    ]
    assert wide == []


def test_nobody_may_read_secrets_or_widen_rights() -> None:
    resources = {name for rule in RULES for name in rule.texts("resources")}
    verbs = {name for rule in RULES for name in rule.texts("verbs")}
    assert resources.isdisjoint({"secrets", "serviceaccounts/token", "pods/exec", "clusterroles"})
    assert verbs.isdisjoint({"escalate", "bind", "impersonate"})


def allowed(resource: Resource, verb: str) -> bool:
    return any(
        resource.group in rule.texts("apiGroups")
        and resource.plural in rule.texts("resources")
        and verb in rule.texts("verbs")
        for rule in OPERATOR_RULES
    )


@pytest.mark.parametrize("resource", PROJECTIONS, ids=lambda resource: resource.plural)
def test_the_operator_may_read_what_it_caches(resource: Resource) -> None:
    assert [verb for verb in ("list", "watch") if not allowed(resource, verb)] == []


@pytest.mark.parametrize("resource", PROJECTIONS, ids=lambda resource: resource.plural)
def test_the_operator_reads_one_by_one_only_what_it_writes(resource: Resource) -> None:
    # After a conflict, behind a fence, and as the template of a canary: never what it only watches.
    writes = any(allowed(resource, verb) for verb in ("create", "patch", "delete"))
    assert allowed(resource, "get") == writes


def test_the_operator_writes_by_create_patch_and_delete_alone() -> None:
    roles = of_kind("Role")
    assert {role.text("metadata", "name") for role in roles} == {"sluice-lease", "sluice-released"}
    rules = (*OPERATOR_RULES, *(rule for role in roles for rule in role.bodies("rules")))
    verbs = {verb for rule in rules for verb in rule.texts("verbs")}
    assert verbs == {"get", "list", "watch", "create", "patch", "delete"}


@pytest.mark.parametrize("name", sorted(UNUSED))
def test_the_operator_has_no_right_that_nothing_uses(name: str) -> None:
    resource, verb = UNUSED[name]
    assert not allowed(resource, verb)


def test_the_operator_patches_one_config_map_the_list_of_released_sets() -> None:
    (rule,) = only("Role", "sluice-released").bodies("rules")
    assert rule.value == {
        "apiGroups": [CONFIGMAPS.group],
        "resources": [CONFIGMAPS.plural],
        "resourceNames": [only("ConfigMap", "sluice-released").text("metadata", "name")],
        "verbs": ["get", "patch"],
    }


def test_a_role_of_one_namespace_is_bound_to_the_operators_account_there() -> None:
    for role in of_kind("Role"):
        binding = only("RoleBinding", role.text("metadata", "name"))
        assert binding.text("metadata", "namespace") == role.text("metadata", "namespace")
        assert binding.text("roleRef", "name") == role.text("metadata", "name")
        (subject,) = binding.bodies("subjects")
        (account,) = of_kind("ServiceAccount")
        assert subject.text("name") == account.text("metadata", "name")
        assert subject.text("namespace") == account.text("metadata", "namespace")


@pytest.mark.parametrize("kind", OWN_KINDS, ids=lambda kind: kind.plural)
def test_the_operator_changes_its_own_kinds_by_finalizer_and_status_alone(kind: Resource) -> None:
    status = replace(kind, plural=f"{kind.plural}/status")
    verbs = [v for v in ("get", "list", "watch", "patch", "create", "delete") if allowed(kind, v)]
    assert verbs == ["get", "list", "watch", "patch"]
    assert [verb for verb in ("get", "patch", "update") if allowed(status, verb)] == ["patch"]


@pytest.mark.parametrize("role", ["view", "edit", "admin"])
def test_the_roles_of_a_namespace_hold_for_every_kind(role: str) -> None:
    rule, *others = only("ClusterRole", f"sluice-{role}").bodies("rules")
    assert rule.texts("resources") == tuple(kind.plural for kind in OWN_KINDS)
    # Kubernetes itself has no role that reads Leases and writes nothing.
    assert [one.texts("resources") for one in others] == ([("leases",)] if role == "view" else [])


def test_every_object_is_labelled_as_part_of_sluice() -> None:
    bodies = [
        body
        for kind in ("ClusterRole", "Role", "ConfigMap", "Deployment", "Service")
        for body in of_kind(kind)
    ]
    marked = {
        body.text("metadata", "labels", "app.kubernetes.io/name", default="") for body in bodies
    }
    assert marked == {"sluice"}


def test_the_probes_and_the_scrape_ask_the_port_that_is_opened() -> None:
    (container,) = POD.bodies("containers")
    (port,) = container.bodies("ports")
    template = only("Deployment", "sluice").body("spec", "template", "metadata", "annotations")
    assert str(port.whole("containerPort")) == template.labels()["prometheus.io/port"]
    probes = [container.body(name) for name in ("livenessProbe", "readinessProbe")]
    assert [probe.text("httpGet", "path") for probe in probes] == ["/healthz", "/readyz"]
    assert {probe.text("httpGet", "port") for probe in probes} == {port.text("name")}


def test_the_operator_knows_every_setting_that_it_is_given() -> None:
    (container,) = POD.bodies("containers")
    known = {f"SLUICE_{option.name}".upper() for option in run_command.params}
    known |= {name for option in run_command.params for name in option.envvar or ()}
    assert {entry.text("name") for entry in container.bodies("env")} - known == set()


def test_credentials_are_mounted_where_the_operator_looks() -> None:
    (container,) = POD.bodies("containers")
    settings = {
        entry.text("name"): entry.text("value", default="") for entry in container.bodies("env")
    }
    mounts = {
        mount.text("name"): mount.text("mountPath") for mount in container.bodies("volumeMounts")
    }
    assert settings["SLUICE_PROMETHEUS_CREDENTIALS"] == mounts["prometheus-credentials"]


@pytest.mark.parametrize("overlay", ["ha", "local"])
def test_an_overlay_patches_the_operators_deployment(overlay: str) -> None:
    (patch,) = documents(MANIFESTS / "overlays" / overlay / "deployment_patch.yaml")
    assert patch.body("metadata").value == {"name": "sluice", "namespace": "sluice-system"}
