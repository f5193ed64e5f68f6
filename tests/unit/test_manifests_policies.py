"""The hold policies say the same names as the code, and bind where they have to."""

import pytest

from sluice.model import names
from sluice.model.json import Body, canonical
from sluice.model.references import DEPLOYMENTS
from tests.manifest_files import of_kind, only

HOLD = only("MutatingAdmissionPolicy", "sluice-hold")
NOTICE = only("ValidatingAdmissionPolicy", "sluice-hold-notice")
BINDINGS = (
    *of_kind("MutatingAdmissionPolicyBinding"),
    *of_kind("ValidatingAdmissionPolicyBinding"),
)

both = pytest.mark.parametrize("policy", [HOLD, NOTICE], ids=["hold", "notice"])


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


@both
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


def test_a_hold_that_cannot_be_decided_refuses_the_write() -> None:
    assert HOLD.text("spec", "failurePolicy") == "Fail"


def test_the_notice_never_stands_in_the_way() -> None:
    (binding,) = of_kind("ValidatingAdmissionPolicyBinding")
    assert binding.texts("spec", "validationActions") == ("Warn",)
    assert NOTICE.text("spec", "failurePolicy") == "Ignore"


@pytest.mark.parametrize("binding", BINDINGS, ids=lambda binding: str(binding.text("kind")))
def test_it_is_bound_everywhere_but_in_the_systems_namespaces(binding: Body) -> None:
    assert binding.text("spec", "policyName") in {"sluice-hold", "sluice-hold-notice"}
    (wanted,) = binding.bodies("spec", "matchResources", "namespaceSelector", "matchExpressions")
    assert wanted.text("operator") == "NotIn"
    assert wanted.texts("values") == ("kube-system", "sluice-system")
