"""The admission policies say the same names as the code, and bind where they have to."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.model import names
from sluice.model.holds import Holder
from sluice.model.json import Body, canonical
from sluice.model.references import (
    CONFIGMAPS,
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    LEASES,
    PODS,
    STARTUPGRAPHS,
    STATEFULSETS,
    Resource,
)
from sluice.startup.init.commands import Verb, command_of
from sluice.startup.init.record import record_labels
from tests.manifest_files import of_kind, only

HOLD = only("MutatingAdmissionPolicy", "sluice-hold")
NOTICE = only("ValidatingAdmissionPolicy", "sluice-hold-notice")
STARTUP_HOLD = only("MutatingAdmissionPolicy", "sluice-startup-hold")
STARTUP_KEEP = only("MutatingAdmissionPolicy", "sluice-startup-keep")
STARTUP_REQUIRES = only("MutatingAdmissionPolicy", "sluice-startup-requires")
STARTUP_NOTICE = only("ValidatingAdmissionPolicy", "sluice-startup-notice")
SET_NOTICE = only("ValidatingAdmissionPolicy", "sluice-startup-set-notice")
READINESS = only("MutatingAdmissionPolicy", "sluice-startup-readiness")
SCHEDULING = only("MutatingAdmissionPolicy", "sluice-startup-scheduling")
MUTATING = (HOLD, STARTUP_HOLD, STARTUP_KEEP, STARTUP_REQUIRES, READINESS, SCHEDULING)
NOTICES = (NOTICE, STARTUP_NOTICE, SET_NOTICE)
INIT_RIGHTS = only("ValidatingAdmissionPolicy", "sluice-init-rights")
INIT_COMMANDS = only("ValidatingAdmissionPolicy", "sluice-init-commands")
INIT_RECORDS = only("ValidatingAdmissionPolicy", "sluice-init-records")
INIT_LOCKS = only("ValidatingAdmissionPolicy", "sluice-init-locks")
INIT_OWN = only("ValidatingAdmissionPolicy", "sluice-init-own")
INIT_REQUIRES = only("ValidatingAdmissionPolicy", "sluice-init-requires")
INIT_REQUIRES_LABELS = only("ValidatingAdmissionPolicy", "sluice-init-requires-labels")
# What they refuse would gain a right in any namespace.
EVERYWHERE = (INIT_RIGHTS, INIT_COMMANDS, INIT_RECORDS, INIT_LOCKS, INIT_OWN)
REFUSING = (*EVERYWHERE, INIT_REQUIRES, INIT_REQUIRES_LABELS)
BINDINGS = (
    *of_kind("MutatingAdmissionPolicyBinding"),
    *of_kind("ValidatingAdmissionPolicyBinding"),
)


def name_of(body: Body) -> str:
    return body.text("metadata", "name")


both = pytest.mark.parametrize("policy", [HOLD, NOTICE], ids=["hold", "notice"])
of_startup = pytest.mark.parametrize(
    "policy", [*MUTATING[1:], STARTUP_NOTICE, SET_NOTICE, INIT_REQUIRES], ids=name_of
)


def variables(policy: Body) -> dict[str, str]:
    return {v.text("name"): v.text("expression") for v in policy.bodies("spec", "variables")}


@both
def test_it_watches_updates_of_deployments_and_no_subresource(policy: Body) -> None:
    (rule,) = policy.bodies("spec", "matchConstraints", "resourceRules")
    assert rule.texts("apiGroups") == (DEPLOYMENTS.group,)
    assert rule.texts("apiVersions") == (DEPLOYMENTS.version,)
    assert rule.texts("resources") == (DEPLOYMENTS.plural,)
    assert rule.texts("operations") == ("UPDATE",)


@both
def test_it_selects_what_belongs_to_a_rollout_and_is_no_canary(policy: Body) -> None:
    selector = policy.body("spec", "matchConstraints", "objectSelector")
    wanted = {
        (entry.text("key"), entry.text("operator")) for entry in selector.bodies("matchExpressions")
    }
    assert wanted == {(names.ROLLOUT_LABEL, "Exists"), (names.ROLE_LABEL, "DoesNotExist")}


@pytest.mark.parametrize(
    "policy", [HOLD, STARTUP_KEEP, STARTUP_REQUIRES, *NOTICES, *REFUSING[2:]], ids=name_of
)
def test_it_knows_the_operators_account(policy: Body) -> None:
    (account,) = of_kind("ServiceAccount")
    namespace, name = account.text("metadata", "namespace"), account.text("metadata", "name")
    conditions = canonical(policy.json("spec", "matchConditions"))
    assert f"'system:serviceaccount:{namespace}:{name}'" in conditions


def test_the_hold_reads_and_writes_the_marks_of_the_code() -> None:
    said = variables(HOLD)
    assert f"'{names.HELD}'" in said["held"]
    assert f"'{names.BYPASS}'" in said["bypass"]
    assert f"'{names.ROLLOUT_LABEL}'" in said["rollout"]
    assert f"'{names.HELD_PENDING}'" in said["mark"]
    assert f"!= '{names.HELD_PENDING}'" in said["bypassed"]
    (mutation,) = HOLD.bodies("spec", "mutations")
    written = mutation.text("jsonPatch", "expression")
    assert f'escapeKey("{names.HELD}")' in written
    assert f'escapeKey("{names.ROLLOUT_LABEL}")' in written


def test_the_notice_names_the_bypass_of_the_code() -> None:
    (validation,) = NOTICE.bodies("spec", "validations")
    assert f"{names.BYPASS}=REVISION" in validation.text("messageExpression")


@pytest.mark.parametrize("policy", [*MUTATING, *REFUSING], ids=name_of)
def test_what_cannot_be_decided_refuses_the_write(policy: Body) -> None:
    assert policy.text("spec", "failurePolicy") == "Fail"


@pytest.mark.parametrize("policy", MUTATING, ids=name_of)
def test_policies_of_two_kinds_see_what_the_other_has_made(policy: Body) -> None:
    assert policy.text("spec", "reinvocationPolicy") == "IfNeeded"


@pytest.mark.parametrize("policy", NOTICES, ids=name_of)
def test_the_notice_never_stands_in_the_way(policy: Body) -> None:
    binding = only("ValidatingAdmissionPolicyBinding", name_of(policy))
    assert binding.texts("spec", "validationActions") == ("Warn",)
    assert policy.text("spec", "failurePolicy") == "Ignore"


def test_every_policy_is_bound_once_under_its_own_name() -> None:
    bound = [(name_of(binding), binding.text("spec", "policyName")) for binding in BINDINGS]
    policies = sorted(name_of(policy) for policy in (*MUTATING, *NOTICES, *REFUSING))
    assert sorted(bound) == [(name, name) for name in policies]


@pytest.mark.parametrize("policy", EVERYWHERE, ids=name_of)
def test_what_guards_rights_is_bound_in_every_namespace(policy: Body) -> None:
    binding = only("ValidatingAdmissionPolicyBinding", name_of(policy))
    assert not binding.body("spec").has("matchResources")


@pytest.mark.parametrize("policy", REFUSING, ids=name_of)
def test_what_refuses_denies(policy: Body) -> None:
    binding = only("ValidatingAdmissionPolicyBinding", name_of(policy))
    assert binding.texts("spec", "validationActions") == ("Deny",)


OUTSIDE = [one for one in BINDINGS if name_of(one) not in map(name_of, EVERYWHERE)]


@pytest.mark.parametrize("binding", OUTSIDE, ids=name_of)
def test_it_is_bound_everywhere_but_in_the_systems_namespaces(binding: Body) -> None:
    (wanted,) = binding.bodies("spec", "matchResources", "namespaceSelector", "matchExpressions")
    assert wanted.text("operator") == "NotIn"
    assert wanted.texts("values") == ("kube-system", "sluice-system")


HOLDING = (STARTUP_HOLD, STARTUP_REQUIRES)


@of_startup
def test_it_selects_what_is_a_node_of_a_graph(policy: Body) -> None:
    selector = policy.body("spec", "matchConstraints", "objectSelector")
    wanted = {
        (entry.text("key"), entry.text("operator")) for entry in selector.bodies("matchExpressions")
    }
    # A canary is never held; but what is held is not let go by giving it a canary's role.
    no_canary = {(names.ROLE_LABEL, "DoesNotExist")} if policy in HOLDING else set()
    assert wanted == {(names.GRAPH_LABEL, "Exists"), (names.NODE_LABEL, "Exists")} | no_canary


@pytest.mark.parametrize(
    ("policy", "operations", "resources"),
    [
        (STARTUP_HOLD, ("CREATE",), {DEPLOYMENTS, JOBS}),
        (STARTUP_KEEP, ("UPDATE",), {DEPLOYMENTS, JOBS}),
        (STARTUP_REQUIRES, ("UPDATE",), {DEPLOYMENTS}),
        (STARTUP_NOTICE, ("CREATE", "UPDATE"), {DEPLOYMENTS, JOBS}),
        (SET_NOTICE, ("CREATE", "UPDATE"), {STATEFULSETS, DAEMONSETS}),
        (READINESS, ("CREATE",), {PODS}),
        (SCHEDULING, ("CREATE",), {PODS}),
        (INIT_RIGHTS, ("CREATE", "UPDATE"), {STARTUPGRAPHS}),
        (INIT_COMMANDS, ("CREATE", "UPDATE"), {STARTUPGRAPHS}),
        (INIT_RECORDS, ("CREATE", "UPDATE", "DELETE"), {CONFIGMAPS}),
        (INIT_LOCKS, ("CREATE", "UPDATE", "DELETE"), {LEASES}),
        (INIT_OWN, ("CREATE", "UPDATE"), {CONFIGMAPS, LEASES}),
        (INIT_REQUIRES, ("CREATE", "UPDATE"), {DEPLOYMENTS, JOBS, STATEFULSETS, DAEMONSETS}),
        (INIT_REQUIRES_LABELS, ("CREATE", "UPDATE"), {DEPLOYMENTS, JOBS}),
    ],
    ids=lambda value: name_of(value) if isinstance(value, Body) else "",
)
def test_it_watches_these_writes_and_no_subresource(
    policy: Body, operations: tuple[str, ...], resources: set[Resource]
) -> None:
    rules = policy.bodies("spec", "matchConstraints", "resourceRules")
    assert {rule.texts("operations") for rule in rules} == {operations}
    watched = {
        (*rule.texts("apiGroups"), *rule.texts("apiVersions"), plural)
        for rule in rules
        for plural in rule.texts("resources")
    }
    assert watched == {(r.group, r.version, r.plural) for r in resources}


@pytest.mark.parametrize("policy", [*HOLDING, STARTUP_KEEP, STARTUP_NOTICE], ids=name_of)
def test_it_reads_the_holders_of_the_code(policy: Body) -> None:
    assert f"annotations['{names.HOLDERS}']" in canonical(policy.json("spec"))


def text(policy: Body) -> str:
    """Return the CEL of the one mutation of a policy."""
    (mutation,) = policy.bodies("spec", "mutations")
    return mutation.text("jsonPatch", "expression")


def test_the_startup_hold_writes_the_holders_of_the_code() -> None:
    assert f'escapeKey("{names.HOLDERS}")' in text(STARTUP_HOLD)
    both_hold = f"{Holder.AUTHOR},{Holder.STARTUP}"
    assert f'variables.author ? "{both_hold}" : "{Holder.STARTUP}"' in text(STARTUP_HOLD)
    said = variables(STARTUP_HOLD)["author"]
    assert f"'{Holder.AUTHOR}' in variables.listed.split(',')" in said
    assert f"'{names.HELD}'" in said


def test_what_the_startup_hold_keeps_is_bypassed_by_its_holders_name() -> None:
    conditions = {
        entry.text("name"): entry.text("expression")
        for entry in STARTUP_KEEP.bodies("spec", "matchConditions")
    }
    assert f"annotations['{names.BYPASS}']" in conditions["not-bypassed"]
    assert conditions["not-bypassed"].endswith(f"!= '{Holder.STARTUP}'")
    for notice in (STARTUP_NOTICE, SET_NOTICE):
        (validation,) = notice.bodies("spec", "validations")
        assert f"{names.BYPASS}={Holder.STARTUP}" in validation.text("messageExpression")


def test_what_a_requirement_holds_has_the_holders_of_the_code() -> None:
    written = text(STARTUP_REQUIRES)
    assert f'escapeKey("{names.HOLDERS}")' in written
    assert f'variables.others + ["{Holder.STARTUP}"]' in written
    assert f"['{Holder.AUTHOR}']" in variables(STARTUP_REQUIRES)["others"]
    assert f"'{names.HELD}'" in variables(STARTUP_REQUIRES)["author"]
    conditions = canonical(STARTUP_REQUIRES.json("spec", "matchConditions"))
    assert f"annotations['{names.BYPASS}'].orValue('') != '{Holder.STARTUP}'" in conditions
    assert f"['{names.GRAPH_LABEL}', '{names.NODE_LABEL}'].all(" in conditions


@pytest.mark.parametrize(
    ("policy", "label"),
    [(INIT_RECORDS, names.RECORD_LABEL), (INIT_LOCKS, names.LOCK_LABEL)],
    ids=["records", "locks"],
)
def test_what_is_kept_is_told_by_the_label_of_the_code(policy: Body, label: str) -> None:
    selector = policy.body("spec", "matchConstraints", "objectSelector")
    assert selector.value == {"matchExpressions": [{"key": label, "operator": "Exists"}]}


def test_the_operator_is_kept_to_what_it_labels_and_to_its_own() -> None:
    said = variables(INIT_OWN)
    labels = (record_labels("shop-db", "migrate"), {names.LOCK_LABEL: "0a1b"})
    assert all(names.LOCK_LABEL in one for one in labels)
    assert said["marked"].count(f"'{names.LOCK_LABEL}' in") == 2
    (lease,) = [r for r in only("Role", "sluice-lease").bodies("rules") if r.has("resourceNames")]
    released = name_of(only("ConfigMap", "sluice-released"))
    assert f"in ['{lease.texts('resourceNames')[0]}', '{released}']" in said["home"]


def test_a_command_has_the_verbs_and_the_annotation_of_the_code() -> None:
    said = variables(INIT_COMMANDS)
    assert f"startsWith('{names.RESOLVE_PREFIX}')" in said["news"]
    assert f"r'^({'|'.join(Verb)}) " in said["malformed"]


COMMAND = re.compile(
    re.findall(r"matches\(r'\^(.*?)\$'\)", variables(INIT_COMMANDS)["malformed"])[0]
)


@given(st.from_regex(COMMAND, fullmatch=True).filter(lambda text: text.isascii()))
def test_a_command_that_is_admitted_is_read(written: str) -> None:
    read = command_of({f"{names.RESOLVE_PREFIX}migrate": written}, "migrate", "")
    assert read is not None
    after = written.split(" ", 2)[2]
    assert read.by == after[: after.rindex("#")]


def test_the_startup_hold_keeps_both_labels_and_the_holders() -> None:
    written = text(STARTUP_KEEP)
    assert f'["{names.GRAPH_LABEL}", "{names.NODE_LABEL}"].map(' in written
    assert f'oldObject.metadata.annotations["{names.HOLDERS}"]' in written


def test_pods_get_the_gates_of_the_code() -> None:
    assert f'"conditionType": "{names.HEALTHY_GATE}"' in text(READINESS)
    assert f"== '{names.HEALTHY_GATE}'" in canonical(READINESS.json("spec", "matchConditions"))
    assert f'"name": "{names.STARTUP_GATE}"' in text(SCHEDULING)
    assert f"== '{names.STARTUP_GATE}'" in canonical(SCHEDULING.json("spec", "matchConditions"))


@pytest.mark.parametrize(
    ("policy", "binding"),
    [
        (SCHEDULING, only("MutatingAdmissionPolicyBinding", "sluice-startup-scheduling")),
        (SET_NOTICE, only("ValidatingAdmissionPolicyBinding", "sluice-startup-set-notice")),
    ],
    ids=["gates", "notice"],
)
def test_sets_are_held_until_the_operators_list_names_them(policy: Body, binding: Body) -> None:
    kind = policy.body("spec", "paramKind")
    assert (kind.text("apiVersion"), kind.text("kind")) == (CONFIGMAPS.api_version, CONFIGMAPS.kind)
    released = only("ConfigMap", "sluice-released")
    assert binding.body("spec", "paramRef").value == {
        "name": name_of(released),
        "namespace": released.text("metadata", "namespace"),
        # `Deny` would refuse every pod of a graph where the list is missing.
        "parameterNotFoundAction": "Allow",
    }


def test_the_list_has_data_for_a_json_patch_to_add_to() -> None:
    released = only("ConfigMap", "sluice-released")
    assert list(released.body("data").value) == ["README"]
