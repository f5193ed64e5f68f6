"""What init nodes of the tests run: sluice-init of the operator's image, or a line of its shell."""

from typing import Final

from sluice.model.json import Body, Json, JsonObject
from tests.localcluster.addresses import OPERATOR_IMAGE

NODE: Final = "migrate"
DATABASE: Final = "database"  # the Secret with the URL
MIGRATIONS: Final = "migrations"  # the ConfigMap with the SQL files
ORDERS: Final = "CREATE TABLE orders (id int);"
# It waits until the test lets it go (Site.let_go): each look has a snapshot of its own.
WAITING: Final = """
DO $$ BEGIN
  WHILE NOT EXISTS (SELECT FROM go) LOOP PERFORM pg_sleep(0.2); END LOOP;
END $$;
"""


def init_node(
    job: JsonObject, *parents: str, name: str = NODE, kind: str = "Migration", **init: Json
) -> JsonObject:
    """Return an init node."""
    found: dict[str, Json] = {"name": name, "init": {"kind": kind, "job": job, **init}}
    if parents:
        found["dependsOn"] = [{"node": parent} for parent in parents]
    return found


def migrates(*words: str, files: str = MIGRATIONS, **job: Json) -> JsonObject:
    """Return a job that brings the database to the last version of the files."""
    return {
        "image": OPERATOR_IMAGE,
        "command": ["sluice-init", "migrate"],
        "args": [*(words or ("up",)), "--directory", "/migrations"],
        "env": [from_secret("DATABASE_URL", DATABASE)],
        "volumes": [{"mountPath": "/migrations", "configMap": {"name": files}}],
        **job,
    }


def says(script: str, **job: Json) -> JsonObject:
    """Return a job that is a line of shell."""
    return {"image": OPERATOR_IMAGE, "command": ["sh", "-c", script], **job}


def from_secret(variable: str, secret: str) -> JsonObject:
    """Return a variable whose value is the URL in a Secret."""
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": "url"}}}


def migration(version: str = "43", *parents: str, lock: str = "") -> JsonObject:
    """Return the node that migrates the database."""
    named: dict[str, Json] = {"lock": lock} if lock else {}
    found = Body(init_node(migrates(), *parents, version=version))
    return {**found.value, "init": {**found.body("init").value, **named}}
