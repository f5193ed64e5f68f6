"""What `import` does: print the StartupGraph that a file describes, or say why it cannot be one."""

import json
import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import PurePath
from typing import Final

import yaml

from sluice.cli.exits import CommandError, Exit
from sluice.cli.graph.drafts import Draft, read_draft
from sluice.cli.options import Output, Settings
from sluice.cli.terminal import Terminal
from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, Json, JsonObject, MalformedError
from sluice.model.names import GRAPH_LABEL, NODE_LABEL
from sluice.model.references import STARTUPGRAPHS
from sluice.startup.shape import faults
from sluice.startup.spec import GraphSpec

# What the CRD fills in, so that a graph can be judged before a server has seen it.
_GATE_DEFAULTS: Final[JsonObject] = {
    "interval": "5s",
    "passes": 3,
    "failures": 3,
    "timeout": "2s",
    "critical": True,
    "minAvailable": "50%",
}
_SPEC_DEFAULTS: Final[JsonObject] = {
    "suspend": False,
    "maxParallel": 0,
    "gateDefaults": _GATE_DEFAULTS,
}
_NODE_DEFAULTS: Final[JsonObject] = {
    "minReady": "100%",
    "whenScaledToZero": "Satisfied",
    "hold": "Auto",
    "podReadiness": False,
    "timeout": "10m",
    "onTimeout": "Hold",
}
_INIT_DEFAULTS: Final[JsonObject] = {"backoffLimit": 2, "timeout": "30m"}
_EDGE_DEFAULTS: Final[JsonObject] = {"optional": False}

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NAMELESS: Final = "imported"


def import_graph(settings: Settings, file: TextIOWrapper, name: str, output: Output) -> None:
    """Print the manifest of the graph in a file; CommandError if it could not be carried out."""
    terminal = Terminal.open(settings)
    try:
        draft = read_draft(_document(file.read()))
        graph = name or draft.name or _stem(file.name)
        made = manifest(graph, settings.namespace, draft)
        wrong = problems(graph, Body(made).body("spec"))
    except (InvalidSpecError, MalformedError) as error:
        raise CommandError(Exit.NEGATIVE, f"{file.name}: {error}", "correct the file") from error
    except (ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        sentence = f"{file.name} is neither JSON nor YAML: {error}"
        raise CommandError(Exit.NEGATIVE, sentence, "correct the file") from error
    for sentence in wrong:
        terminal.say(sentence)
    if wrong:
        sentence = f"{file.name}: this graph cannot be carried out"
        raise CommandError(Exit.NEGATIVE, sentence, "correct the file")
    for remark in draft.remarks:
        terminal.say(remark)
    terminal.write(made, output)
    terminal.say(
        "nothing is applied: pipe it to kubectl apply -f -, and label each workload and its pods "
        f"{GRAPH_LABEL}: {graph} and {NODE_LABEL}: the name of its node"
    )


def manifest(name: str, namespace: str | None, draft: Draft) -> JsonObject:
    """Return the StartupGraph of a draft; its defaults are the API server's."""
    meta: JsonObject = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {
        "apiVersion": STARTUPGRAPHS.api_version,
        "kind": STARTUPGRAPHS.kind,
        "metadata": meta,
        "spec": {"nodes": draft.nodes},
    }


def problems(name: str, spec: Body) -> tuple[str, ...]:
    """Return what keeps the graph from being taken or carried out, in the operator's sentences.

    InvalidSpecError or MalformedError if a field of it cannot be read.
    """
    return (*_misnamed(name, spec), *faults(GraphSpec.from_body(with_defaults(spec), name)))


def with_defaults(spec: Body) -> Body:
    """Return the spec as the API server would store it."""
    nodes = [_with_defaults(node) for node in spec.bodies("nodes")]
    return Body({**_SPEC_DEFAULTS, **spec.value, "nodes": nodes}, spec.path)


def _with_defaults(node: Body) -> JsonObject:
    """Return a node as the API server would store it, but what runs once without a workload's."""
    edges = [{**_EDGE_DEFAULTS, **edge.value} for edge in node.bodies("dependsOn")]
    if node.has("init"):
        init = {**_INIT_DEFAULTS, **node.body("init").value}
        return {**node.value, "init": init, "dependsOn": edges}
    return {**_NODE_DEFAULTS, **node.value, "dependsOn": edges}


def _misnamed(graph: str, spec: Body) -> Iterator[str]:
    """Return what the schema says of names; the operator itself never sees others."""
    if not _NAME.fullmatch(graph):
        yield f'"{graph}" is not a name of a graph: give one with --name, for example "shop"'
    for node in spec.bodies("nodes"):
        name = node.text("name")
        if not _NAME.fullmatch(name):
            yield (
                f'"{name}" is not a node name: write at most 63 lower-case letters, digits and '
                '"-", for example "api"'
            )


def _document(text: str) -> Json:
    """Return what stands in a text: JSON first, because YAML has other types for some of it."""
    try:
        document: Json = json.loads(text)
    except ValueError:
        document = json.loads(json.dumps(yaml.safe_load(text), default=str))  # YAML has dates
    return document


def _stem(path: str) -> str:
    stem = PurePath(path).stem
    return stem if _NAME.fullmatch(stem) else _NAMELESS
