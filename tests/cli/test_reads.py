"""What commands that read write to stdout, and where on the line their options may stand."""

import json
import os
from collections.abc import Mapping

import pytest
import yaml

from sluice.cli.exits import Exit
from tests.builders import NAME
from tests.cli.conftest import Command, Person
from tests.cli.scenes import ROLLED_BACK, body, under_way
from tests.cli.server import ROLLOUT, Cluster

READS = [
    pytest.param(("list",), id="list"),
    pytest.param(("get", NAME), id="get"),
    pytest.param(("history", NAME), id="history"),
    pytest.param(("status", NAME), id="status"),
]


@pytest.fixture(autouse=True)
def rolled_back(cluster: Cluster) -> None:
    cluster.surround(under_way())
    cluster.put(body(ROLLED_BACK))


@pytest.mark.parametrize("words", READS)
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_output_for_programs_is_whole_and_alone_on_stdout(
    sluice: Command, words: tuple[str, ...], form: str
) -> None:
    said = sluice("rollout", *words, "-o", form)

    value = json.loads(said.out) if form == "json" else yaml.safe_load(said.out)
    assert isinstance(value, dict)
    assert said.err == ""


def test_get_as_json_is_the_object_itself(cluster: Cluster, sluice: Command) -> None:
    said = sluice("rollout", "get", NAME, "-o", "json")

    assert json.loads(said.out) == cluster.store.get(ROLLOUT)


def test_list_as_json_is_a_list_as_kubectl_has_it(sluice: Command) -> None:
    value = json.loads(sluice("rollout", "list", "-o", "json").out)

    assert (value["kind"], value["apiVersion"]) == ("List", "v1")
    assert [item["metadata"]["name"] for item in value["items"]] == [NAME]


@pytest.mark.parametrize("words", READS)
def test_a_pipe_gets_no_escape_codes_and_no_trailing_spaces(
    sluice: Command, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")

    said = sluice("rollout", *words)

    assert "\x1b" not in said.out + said.err
    assert all(line == line.rstrip() for line in said.out.splitlines())


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        pytest.param({"NO_COLOR": "1"}, (), id="NO_COLOR"),
        pytest.param({"TERM": "dumb"}, (), id="TERM=dumb"),
        pytest.param({}, ("--no-color",), id="--no-color"),
    ],
)
def test_a_terminal_without_colour_gets_no_escape_codes(
    sluice: Command,
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
    environment: Mapping[str, str],
    words: tuple[str, ...],
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    sluice("rollout", "list", *words, person=person)

    assert "\x1b" not in person.read()


def test_a_terminal_with_colour_gets_it(
    sluice: Command, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    sluice("rollout", "list", person=person)

    assert "\x1b[1;31m✗ RolledBack" in person.read()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("-n", "shop", "rollout", "list"), id="before all"),
        pytest.param(("rollout", "-n", "shop", "list"), id="before the verb"),
        pytest.param(("rollout", "list", "-n", "shop"), id="behind the verb"),
        pytest.param(("rollout", "list", "--namespace=shop"), id="with an equals sign"),
        pytest.param(("-n", "other", "rollout", "list", "-n", "shop"), id="the nearest wins"),
        pytest.param(("rollout", "list"), id="from the kubeconfig's context"),
    ],
)
def test_the_namespace_may_stand_anywhere(
    cluster: Cluster, sluice: Command, words: tuple[str, ...]
) -> None:
    assert sluice(*words).code == Exit.DONE

    assert cluster.http.requests == ["GET /apis/sluice.dev/v1alpha1/namespaces/shop/rollouts"]


def test_all_namespaces_are_asked_at_once(cluster: Cluster, sluice: Command) -> None:
    said = sluice("rollout", "list", "-A")

    assert cluster.http.requests == ["GET /apis/sluice.dev/v1alpha1/rollouts"]
    assert said.out.startswith("NAMESPACE")


def test_several_kubeconfigs_are_merged(cluster: Cluster, sluice: Command) -> None:
    several = os.pathsep.join(["/nowhere/at/all", str(cluster.kubeconfig)])

    assert sluice("rollout", "list", "--kubeconfig", several).code == Exit.DONE


def test_an_unknown_context_says_so(sluice: Command) -> None:
    said = sluice("rollout", "list", "--context", "elsewhere")

    assert said.code == Exit.UNREACHABLE
    assert "elsewhere" in said.err


def test_an_empty_namespace_teaches(cluster: Cluster, sluice: Command) -> None:
    del cluster.store.objects[ROLLOUT]

    said = sluice("rollout", "list")

    assert said.code == Exit.DONE
    assert said.out == ""
    assert "kubectl apply -f rollout.yaml" in said.err
