"""What a gate looks at: one of four checks."""

import re
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from sluice.model.fields import InvalidSpecError, field_path, whole
from sluice.model.json import Body, canonical
from sluice.startup.min_ready import MinReady, min_ready

_HIGHEST_PORT = 65535
_STATUSES = re.compile(r"([1-5][0-9]{2})-([1-5][0-9]{2})")
_PATH = re.compile(r"/[^ ]*")
_URL = re.compile(r"https?://[^ /][^ ]*")
_HOST = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_KINDS = ("http", "tcp", "pods", "container")


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """An HTTP GET that answers with a status from low to high.

    Of path and port at each pod (url is empty), or of one url (path is empty, port 0).
    """

    path: str
    port: int
    url: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class TcpCheck:
    """A connection to the port, of each pod if host is empty."""

    port: int
    host: str


@dataclass(frozen=True, slots=True)
class PodsCheck:
    """So many pods of the node are ready."""

    min_ready: MinReady


@dataclass(frozen=True, slots=True)
class ContainerCheck:
    """All containers of the pod are ready, by their own probes."""


Check: TypeAlias = HttpCheck | TcpCheck | PodsCheck | ContainerCheck


def read_check(gate: Body) -> Check:
    """Read the one check of a gate: InvalidSpecError if there is none, or more than one."""
    given = [kind for kind in _KINDS if gate.has(kind)]
    if len(given) != 1:
        fault = f"is not one of {', '.join(_KINDS)}"
        raise InvalidSpecError(gate.path, f"with {_listed(given)}", fault, "container: Ready")
    match given[0]:
        case "http":
            return _http(gate.body("http"))
        case "tcp":
            return _tcp(gate.body("tcp"))
        case "pods":
            return PodsCheck(min_ready(gate.body("pods"), "minReady"))
        case _:
            return _container(gate)


def _http(http: Body) -> HttpCheck:
    given = [name for name in ("path", "port", "url") if http.has(name)]
    if given not in (["path", "port"], ["url"]):
        fault = "is neither path with port nor url alone"
        raise InvalidSpecError(http.path, f"with {_listed(given)}", fault, "path: /ready, port: 80")
    low, high = _statuses(http)
    if given == ["url"]:
        return HttpCheck("", 0, _url(http), low, high)
    path = _text(http, "path", _PATH, "/ready")
    return HttpCheck(path, whole(http, "port", 1, _HIGHEST_PORT), "", low, high)


def _url(http: Body) -> str:
    text = _text(http, "url", _URL, "http://api:8080/ready")
    try:
        parts = urlsplit(text)
        if parts.hostname and parts.port != 0:
            return text
    except ValueError:
        pass  # a port that is no number or too high, a bracket that is not closed
    fault = "has no host, or no port from 1 to 65535"
    raise InvalidSpecError(field_path(http, "url"), repr(text), fault, "http://api:8080/ready")


def _statuses(http: Body) -> tuple[int, int]:
    text = http.text("status")
    match = _STATUSES.fullmatch(text)
    if match is not None and match[1] <= match[2]:
        return int(match[1]), int(match[2])
    fault = "is not a range of HTTP statuses"
    raise InvalidSpecError(field_path(http, "status"), repr(text), fault, "200-399")


def _tcp(tcp: Body) -> TcpCheck:
    host = _text(tcp, "host", _HOST, "db") if tcp.has("host") else ""
    return TcpCheck(whole(tcp, "port", 1, _HIGHEST_PORT), host)


def _container(gate: Body) -> ContainerCheck:
    word = gate.json("container")
    if word == "Ready":
        return ContainerCheck()
    fault = "is no state of a container that a gate knows"
    raise InvalidSpecError(field_path(gate, "container"), canonical(word), fault, "Ready")


def _text(body: Body, name: str, pattern: re.Pattern[str], example: str) -> str:
    text = body.text(name)
    if pattern.fullmatch(text):
        return text
    raise InvalidSpecError(field_path(body, name), repr(text), f"is not a {name}", example)


def _listed(given: list[str]) -> str:
    return " and ".join(given) or "nothing"
