"""Which hosts a gate may ask: Services of the graph's namespace, and what the operator allows.

Whoever may write a graph in one namespace has it asked by the operator, from where the operator
stands: without this rule a gate would reach what its author cannot.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from sluice.startup.checks import Check, HttpCheck, TcpCheck
from sluice.startup.spec import GraphSpec

_SERVICE_SUFFIXES = ("", ".svc", ".svc.cluster.local")


def host_of(check: Check) -> str:
    """Return the host that a check names, empty if it asks the pods themselves or nobody."""
    match check:
        case HttpCheck(url=url) if url:
            return urlsplit(url).hostname or ""
        case TcpCheck(host=host):
            return host
        case _:
            return ""


def is_own_service(host: str, namespace: str) -> bool:
    """Whether a host is the name of a Service of the namespace, short or long."""
    name, dot, rest = host.partition(".")
    return bool(name) and (not dot or rest in {namespace + end for end in _SERVICE_SUFFIXES})


def is_allowed(host: str, namespace: str, allowed: tuple[str, ...]) -> bool:
    """Whether a gate may ask a host. allowed: hosts, or with a leading dot all hosts below one."""
    if ":" not in host and is_own_service(host, namespace):
        return True
    return any(host == one or (one.startswith(".") and host.endswith(one)) for one in allowed)


def qualified(host: str, namespace: str) -> str:
    """Return the name under which the operator finds a host that is allowed.

    That of a Service ends with `.svc`, which no public domain has: `api.com` is the Service `api`
    of the namespace `com`.
    """
    if ":" in host or not is_own_service(host, namespace):
        return host
    return f"{host.partition('.')[0]}.{namespace}.svc"


def host_faults(spec: GraphSpec, namespace: str, allowed: tuple[str, ...]) -> Iterator[str]:
    """Yield a sentence for each gate that names a host which is not allowed."""
    for node in spec.nodes:
        for gate in node.gates:
            host = host_of(gate.check)
            if host and not is_allowed(host, namespace, allowed):
                yield (
                    f"node {node.name}, gate {gate.name}: {host} is no Service of the namespace "
                    f"{namespace}, and the operator does not allow it; write the name of a "
                    "Service, or start the operator with --probe-host"
                )
