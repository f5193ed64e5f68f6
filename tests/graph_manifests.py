"""A StartupGraph that works, and the table of those that have to be refused."""

from sluice.model.json import Json, JsonObject
from sluice.model.references import STARTUPGRAPHS
from tests.altered_manifests import altered, invalid

INVALID = invalid(STARTUPGRAPHS)

DB, MIGRATE, API = "spec.nodes.0", "spec.nodes.1", "spec.nodes.2"

MINIMAL: dict[str, Json] = {
    "apiVersion": STARTUPGRAPHS.api_version,
    "kind": STARTUPGRAPHS.kind,
    "metadata": {"name": "shop"},
    "spec": {
        "nodes": [
            {
                "name": "db",
                "workload": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db"},
            },
            {
                "name": "migrate",
                "workload": {"apiVersion": "batch/v1", "kind": "Job", "name": "migrate"},
                "dependsOn": [{"node": "db"}],
            },
            {
                "name": "api",
                "workload": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
                "dependsOn": [{"node": "migrate"}],
                "gates": [{"name": "http", "http": {"path": "/ready", "port": 8080}}],
            },
        ]
    },
}


def minimal_graph(changes: JsonObject) -> dict[str, Json]:
    """Return the graph db, migrate, api with the fields at the dotted paths replaced."""
    return altered(MINIMAL, changes)
