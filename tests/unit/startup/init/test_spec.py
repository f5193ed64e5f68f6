"""Reading `init`: what it becomes, and what is refused with which words."""

import pytest

from sluice.model.fields import InvalidSpecError
from sluice.model.json import Body, Json, JsonObject, MalformedError
from sluice.startup.init.spec import read_init
from tests.unit.startup.init.given import IMAGE, init, init_body

FULL: JsonObject = {
    "image": "shop/migrate:43",
    "command": ["migrate"],
    "args": ["up"],
    "env": [
        {"name": "MODE", "value": ""},
        {"name": "URL", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}},
        {
            "name": "LOG",
            "valueFrom": {"configMapKeyRef": {"name": "log", "key": "a.b", "optional": True}},
        },
    ],
    "envFrom": [
        {"prefix": "A_", "secretRef": {"name": "all"}},
        {"configMapRef": {"name": "all", "optional": True}},
    ],
    "volumes": [
        {"mountPath": "/sql", "configMap": {"name": "sql"}, "defaultMode": 365},
        {"mountPath": "/tls", "secret": {"name": "tls", "optional": True}},
    ],
    "resources": {"requests": {"cpu": "100m", "memory": "1.5Gi"}, "limits": {"cpu": 1}},
    "serviceAccountName": "migrate",
    "securityContext": {
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}


def test_what_is_written_is_kept_as_it_is_for_the_checksum() -> None:
    assert init(job=FULL).job.written == FULL


def test_the_container_has_the_fields_that_were_written_and_no_others() -> None:
    step = init(job=FULL).job

    passed_on = ("image", "env", "envFrom", "resources", "securityContext")
    assert {name: step.container[name] for name in passed_on} == {
        name: FULL[name] for name in passed_on
    }
    assert step.container["command"] == ("migrate",)
    assert step.container["args"] == ("up",)
    assert init().job.container == IMAGE


def test_volumes_are_mounted_to_be_read() -> None:
    step = init(job=FULL).job

    assert step.container["volumeMounts"] == [
        {"name": "volume-0", "mountPath": "/sql", "readOnly": True},
        {"name": "volume-1", "mountPath": "/tls", "readOnly": True},
    ]
    assert step.volumes == (
        {"name": "volume-0", "configMap": {"name": "sql", "defaultMode": 365}},
        {"name": "volume-1", "secret": {"secretName": "tls", "optional": True}},
    )


def test_the_account_is_default_unless_one_is_written() -> None:
    assert init().job.account == "default"
    assert init(job=FULL).job.account == "migrate"


def test_a_written_version_is_strict() -> None:
    given = init(version="43")

    assert (given.version, given.strict) == ("43", True)


def test_without_a_version_the_checksum_is_the_version() -> None:
    given = init(version=None)

    assert (given.version, given.strict) == (given.checksum, False)


def test_the_step_that_undoes_is_no_part_of_the_checksum() -> None:
    given = init(down=FULL)

    assert given.down is not None
    assert given.checksum == init().checksum
    assert init().down is None


def test_a_lock_that_nobody_wrote_is_the_nodes_own() -> None:
    assert init().lock == "shop/migrate"
    assert init(lock="shop-db").lock == "shop-db"


def test_numbers() -> None:
    given = init(backoffLimit=0, timeout="1m30s")

    assert (given.backoff_limit, given.timeout_seconds) == (0, 90.0)


REFUSED: list[tuple[str, JsonObject, str]] = [
    ("another field", {"ttl": "1h"}, 'init.ttl "1h" is none of the fields kind, version'),
    ("an unknown kind", {"kind": "Seed"}, "init.kind 'Seed' is none of Migration, Queue, Task"),
    ("an empty version", {"version": ""}, "init.version '' is not a version"),
    ("a version with a space", {"version": "4 3"}, "init.version '4 3' is not a version"),
    ("a lock with a slash", {"lock": "shop/db"}, "init.lock 'shop/db' is not a lock"),
    ("too many tries", {"backoffLimit": 101}, "init.backoffLimit 101 is not between 0 and 100"),
    ("no time", {"timeout": "0s"}, "init.timeout '0s' is not above 0: write for example 30m"),
    ("an empty job", {"job": {}}, "init.job {} is empty: write for example image: shop/db:43"),
    ("no job", {"job": None}, "init.job {} is empty"),
    ("an empty down", {"down": {}}, "init.down {} is empty"),
]
REFUSED_IN_JOB: list[tuple[str, JsonObject, str]] = [
    ("host network", {"hostNetwork": True}, "init.job.hostNetwork true is none of the fields"),
    ("an image with a space", {"image": "a b"}, "init.job.image 'a b' is not a valid image"),
    ("no source", {"volumes": [{"mountPath": "/a"}]}, "init.job.volumes[0] with nothing has not"),
    (
        "two sources",
        {"volumes": [{"mountPath": "/a", "configMap": {"name": "a"}, "secret": {"name": "a"}}]},
        "init.job.volumes[0] with configMap and secret has not one of configMap, secret",
    ),
    (
        "a host path",
        {"volumes": [{"mountPath": "/a", "hostPath": {"path": "/"}}]},
        'init.job.volumes[0].hostPath {"path":"/"} is none of the fields mountPath',
    ),
    (
        "a relative mount",
        {"volumes": [{"mountPath": "a", "secret": {"name": "a"}}]},
        "init.job.volumes[0].mountPath 'a' is not a valid mountPath",
    ),
    (
        "one mount twice",
        {"volumes": [{"mountPath": "/a", "secret": {"name": name}} for name in ("a", "b")]},
        "init.job.volumes '/a' stands there 2 times",
    ),
    (
        "items of a source",
        {"volumes": [{"mountPath": "/a", "secret": {"name": "a", "items": []}}]},
        "init.job.volumes[0].secret.items [] is none of the fields name, optional",
    ),
    (
        "a mode above 0777",
        {"volumes": [{"mountPath": "/a", "secret": {"name": "a"}, "defaultMode": 512}]},
        "init.job.volumes[0].defaultMode 512 is not between 0 and 511",
    ),
    (
        "a variable without a name",
        {"env": [{"name": "1A", "value": ""}]},
        "init.job.env[0].name '1A' is not a valid name",
    ),
    (
        "a variable twice",
        {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
        "init.job.env 'A' stands there 2 times",
    ),
    (
        "a variable from a field",
        {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec"}}}]},
        "init.job.env[0].valueFrom.fieldRef",
    ),
    (
        "a key with a slash",
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "a/b"}}}]},
        "init.job.env[0].valueFrom.secretKeyRef.key 'a/b' is not a valid key",
    ),
    (
        "all variables of nothing",
        {"envFrom": [{"prefix": "A_"}]},
        "init.job.envFrom[0] with nothing has not one of secretRef, configMapRef",
    ),
    (
        "claims",
        {"resources": {"claims": []}},
        "init.job.resources.claims [] is none of the fields requests, limits",
    ),
    (
        "a quantity in words",
        {"resources": {"limits": {"cpu": "half"}}},
        'init.job.resources.limits.cpu "half" is not a quantity: write for example 100m',
    ),
    (
        "privileged",
        {"securityContext": {"privileged": True}},
        "init.job.securityContext.privileged true is none of the fields",
    ),
    (
        "more capabilities",
        {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
        'init.job.securityContext.capabilities.add ["SYS_ADMIN"] is none of the fields drop',
    ),
    (
        "no seccomp",
        {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
        "init.job.securityContext.seccompProfile.type 'Unconfined' is refused",
    ),
    (
        "an account with a slash",
        {"serviceAccountName": "a/b"},
        "init.job.serviceAccountName 'a/b' is not a valid serviceAccountName",
    ),
]
MALFORMED: list[tuple[str, JsonObject, str]] = [
    ("a version that is a number", {"version": 43}, "init.version: expected a string, found 43"),
    ("a command that is a text", {"job": {**IMAGE, "command": "up"}}, "init.job.command"),
    (
        "a value that is a number",
        {"job": {**IMAGE, "env": [{"name": "A", "value": 1}]}},
        "init.job.env[0].value: expected a string",
    ),
    ("no image", {"job": {"args": ["up"]}}, "init.job.image: expected a string, found nothing"),
]


def refused(said: list[tuple[str, JsonObject, str]]) -> list[str]:
    return [sentence for sentence, *_ in said]


def error(body: JsonObject) -> str:
    with pytest.raises(InvalidSpecError) as raised:
        read_init(Body(body, "init"), "shop", "migrate")
    return str(raised.value)


@pytest.mark.parametrize(("_", "more", "message"), REFUSED, ids=refused(REFUSED))
def test_what_is_refused(_: str, more: dict[str, Json], message: str) -> None:
    assert error(init_body(**more)).startswith(message)


@pytest.mark.parametrize(("_", "more", "message"), REFUSED_IN_JOB, ids=refused(REFUSED_IN_JOB))
def test_what_is_refused_of_a_job(_: str, more: JsonObject, message: str) -> None:
    assert error(init_body(job={**IMAGE, **more})).startswith(message)


@pytest.mark.parametrize(("_", "more", "message"), MALFORMED, ids=refused(MALFORMED))
def test_what_has_another_type(_: str, more: dict[str, Json], message: str) -> None:
    with pytest.raises(MalformedError) as raised:
        read_init(Body(init_body(**more), "init"), "shop", "migrate")
    assert str(raised.value).startswith(message)
