"""The few fields of an init Job that a graph may write, and the pod fields that follow from them.

Every field is named here, at every level: what is not is refused, so that nothing of a pod that an
admission policy watches (host paths, privileges) comes in through a graph.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from sluice.model.fields import InvalidSpecError, field_path, unique_names, whole
from sluice.model.json import Body, Json, JsonObject, canonical

DEFAULT_ACCOUNT: Final = "default"
FIELDS: Final = (
    "image",
    "command",
    "args",
    "env",
    "envFrom",
    "volumes",
    "resources",
    "serviceAccountName",
    "securityContext",
)
_SOURCES: Final = ("configMap", "secret")
_IMAGE = re.compile(r"[!-~]{1,1024}")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_MOUNT = re.compile(r"/[^:]*")
_QUANTITY = re.compile(r"[0-9]+([.][0-9]+)?(m|[kKMGTPE]i?)?")
_MOST_MODE = 0o777
_SHOWN = 80

Reader: TypeAlias = Callable[[Body, str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """What a Job runs. written: the fields as their author wrote them, the checksum is of these.

    container, volumes: of the pod. account: its service account.
    """

    written: JsonObject
    container: JsonObject
    volumes: tuple[JsonObject, ...]
    account: str


def read_step(step: Body) -> Step:
    """Read `init.job` or `init.down`: InvalidSpecError for every field that is not named here."""
    only(step, FIELDS)
    _text(step, "image", _IMAGE, "shop/migrate:43")
    mounts = tuple(_volume(volume) for volume in step.bodies("volumes"))
    unique_names(tuple(mount for mount, _ in mounts), field_path(step, "volumes"))
    container: dict[str, Json] = {"image": step.text("image")}
    for name in ("command", "args"):
        if step.has(name):
            container[name] = step.texts(name)
    for name, read in _PASSED_ON.items():
        if step.has(name):
            read(step, name)
            container[name] = step.json(name)
    if mounts:
        container["volumeMounts"] = [
            {"name": f"volume-{number}", "mountPath": mount, "readOnly": True}
            for number, (mount, _) in enumerate(mounts)
        ]
    account = step.has("serviceAccountName")
    return Step(
        written=step.value,
        container=container,
        volumes=tuple(
            {"name": f"volume-{number}", **source} for number, (_, source) in enumerate(mounts)
        ),
        account=_text(step, "serviceAccountName", _NAME, "migrate") if account else DEFAULT_ACCOUNT,
    )


def only(body: Body, names: tuple[str, ...]) -> None:
    """Refuse a field that is none of these."""
    for name in body.value:
        if name not in names:
            fault = f"is none of the fields {', '.join(names)}"
            shown = canonical(body.value[name])[:_SHOWN]
            raise InvalidSpecError(field_path(body, name), shown, fault, names[0])


def _one_of(body: Body, names: tuple[str, ...]) -> str:
    given = [name for name in names if body.has(name)]
    if len(given) == 1:
        return given[0]
    found = f"with {' and '.join(given) or 'nothing'}"
    raise InvalidSpecError(body.path, found, f"has not one of {', '.join(names)}", names[0])


def _text(body: Body, name: str, pattern: re.Pattern[str], example: str) -> str:
    text = body.text(name)
    if pattern.fullmatch(text):
        return text
    raise InvalidSpecError(field_path(body, name), repr(text), f"is not a valid {name}", example)


def _volume(volume: Body) -> tuple[str, JsonObject]:
    """Return where a volume is mounted, and its source as a pod has it."""
    only(volume, ("mountPath", *_SOURCES, "defaultMode"))
    kind = _one_of(volume, _SOURCES)
    source = volume.body(kind)
    only(source, ("name", "optional"))
    key = "secretName" if kind == "secret" else "name"
    written: dict[str, Json] = {key: _text(source, "name", _NAME, "migrations")}
    if source.has("optional"):
        written["optional"] = source.flag("optional")
    if volume.has("defaultMode"):
        written["defaultMode"] = whole(volume, "defaultMode", 0, _MOST_MODE)
    return _text(volume, "mountPath", _MOUNT, "/migrations"), {kind: written}


def _env(step: Body, name: str) -> None:
    variables = step.bodies(name)
    for variable in variables:
        only(variable, ("name", "value", "valueFrom"))
        _text(variable, "name", _VARIABLE, "DATABASE_URL")
        if _one_of(variable, ("value", "valueFrom")) == "value":
            variable.text("value")
            continue
        origin = variable.body("valueFrom")
        only(origin, ("secretKeyRef", "configMapKeyRef"))
        reference = origin.body(_one_of(origin, ("secretKeyRef", "configMapKeyRef")))
        only(reference, ("name", "key", "optional"))
        _text(reference, "name", _NAME, "database")
        _text(reference, "key", _KEY, "url")
        reference.flag("optional", default=False)
    unique_names(tuple(one.text("name") for one in variables), field_path(step, name))


def _env_from(step: Body, name: str) -> None:
    for origin in step.bodies(name):
        only(origin, ("prefix", "secretRef", "configMapRef"))
        origin.text("prefix", default="")
        reference = origin.body(_one_of(origin, ("secretRef", "configMapRef")))
        only(reference, ("name", "optional"))
        _text(reference, "name", _NAME, "database")
        reference.flag("optional", default=False)


def _resources(step: Body, name: str) -> None:
    resources = step.body(name)
    only(resources, ("requests", "limits"))
    for side in resources.value:
        amounts = resources.body(side)
        for what, amount in amounts.value.items():
            text = amount if isinstance(amount, str) else canonical(amount)
            if not _QUANTITY.fullmatch(text):
                where = field_path(amounts, what)
                raise InvalidSpecError(where, canonical(amount), "is not a quantity", "100m")


def _security(step: Body, name: str) -> None:
    context = step.body(name)
    only(context, (*_FLAGS, *_NUMBERS, "capabilities", "seccompProfile"))
    for flag in _FLAGS:
        context.flag(flag, default=False)
    for number in _NUMBERS:
        context.whole(number, default=0)
    only(context.body("capabilities"), ("drop",))
    context.texts("capabilities", "drop")
    profile = context.body("seccompProfile")
    only(profile, ("type",))
    if profile.value and profile.text("type") != "RuntimeDefault":
        where = field_path(profile, "type")
        raise InvalidSpecError(where, repr(profile.text("type")), "is refused", "RuntimeDefault")


_FLAGS: Final = ("runAsNonRoot", "readOnlyRootFilesystem", "allowPrivilegeEscalation")
_NUMBERS: Final = ("runAsUser", "runAsGroup")
_PASSED_ON: Final[Mapping[str, Reader]] = {
    "env": _env,
    "envFrom": _env_from,
    "resources": _resources,
    "securityContext": _security,
}
