"""PromQL selectors that users write, with placeholders for what tells the two versions apart.

Values are put in so that they can never leave their quotes: names of objects have only letters,
digits, «-» and «.», and a dot is written `[.]`, which needs no backslash in any kind of quotes.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_NAME: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_STRING: Final = r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`'
_MATCHER: Final = rf"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*({_STRING})\s*"
_SELECTOR: Final = re.compile(rf"\s*({_NAME})\s*\{{({_MATCHER}(?:,{_MATCHER})*,?\s*)\}}\s*")
_EACH: Final = re.compile(_MATCHER)
_KNOWN: Final = r"(service|pods|namespace)(?![a-zA-Z0-9])"
_PLACEHOLDER: Final = re.compile(rf"\${_KNOWN}")
_UNKNOWN: Final = re.compile(rf"\$(?!{_KNOWN})[a-zA-Z]\w*")

# The API server cuts what a pod is named after to this length before it adds its five characters.
_POD_STEM_LIMIT: Final = 58

# No pod is called like this. An empty pattern would match every series that has no such label.
_NO_POD: Final = "-"


class Placeholder(StrEnum):
    """What a selector can name; each is put in for either version."""

    SERVICE = "service"
    PODS = "pods"
    NAMESPACE = "namespace"


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the two versions, as metrics know it.

    port: the Service's port that routes send to, None for any.
    replica_sets: the names of the ReplicaSets that its pods belong to.
    """

    namespace: str
    service: str
    port: int | None
    replica_sets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher; `value` is in its quotes."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{self.value}"

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The placeholders in the value."""
        return tuple(_PLACEHOLDER.findall(self.value))


class SelectorError(ValueError):
    """A text is not a plain selector with placeholders; the message says why."""


@dataclass(frozen=True, slots=True)
class Selector:
    """An instant-vector selector with placeholders: a metric's name and its matchers."""

    metric: str
    matchers: tuple[Matcher, ...]

    @classmethod
    def parse(cls, text: str) -> "Selector":
        """Read a selector; SelectorError unless it names one of $service and $pods."""
        match = _SELECTOR.fullmatch(text)
        if match is None:
            raise SelectorError("is not a plain selector: no function, no range, no operator")
        matchers = tuple(Matcher(*found) for found in _EACH.findall(match[2]))
        for matcher in matchers:
            _check(matcher)
        selector = cls(match[1], matchers)
        if selector.names(Placeholder.SERVICE) == selector.names(Placeholder.PODS):
            raise SelectorError("has to name one of $service and $pods to tell the versions apart")
        return selector

    def names(self, placeholder: Placeholder) -> bool:
        """Whether a matcher has the placeholder."""
        return any(placeholder in matcher.placeholders for matcher in self.matchers)

    @property
    def per_backend(self) -> bool:
        """Whether it counts at a gateway, per Service, and not in the pods."""
        return self.names(Placeholder.SERVICE)

    @property
    def pod_label(self) -> str:
        """The label that $pods selects, empty when it counts at a gateway."""
        found = (
            m.label for m in self.matchers if Placeholder.PODS in _PLACEHOLDER.findall(m.value)
        )
        return next(found, "")

    def series(self, suffix: str) -> "Selector":
        """Return the selector of a histogram's series with a suffix such as `_count`."""
        return Selector(self.metric + suffix, self.matchers)

    def of_targets(self) -> "Selector":
        """Return the selector of `up` for the targets: the matchers that have placeholders."""
        return Selector("up", tuple(matcher for matcher in self.matchers if matcher.placeholders))

    def render(self, arm: Arm) -> str:
        """Return the selector with the values of a version put in."""
        values = {
            Placeholder.SERVICE: _literal(arm.service),
            Placeholder.PODS: pods_pattern(arm.replica_sets),
            Placeholder.NAMESPACE: _literal(arm.namespace),
        }
        inner = ",".join(str(matcher) for matcher in self.matchers)
        filled = _PLACEHOLDER.sub(lambda found: values[Placeholder(found[1])], inner)
        return f"{self.metric}{{{filled}}}"


def pods_pattern(replica_sets: tuple[str, ...]) -> str:
    """Return a regular expression for the names of all pods of some ReplicaSets."""
    patterns = [f"{_literal(f'{name}-'[:_POD_STEM_LIMIT])}[a-z0-9]+" for name in replica_sets]
    match patterns:
        case []:
            return _NO_POD
        case [pattern]:
            return pattern
        case _:
            return f"(?:{'|'.join(patterns)})"


def _literal(name: str) -> str:
    return name.replace(".", "[.]")


def _check(matcher: Matcher) -> None:
    unknown = _UNKNOWN.search(matcher.value)
    if unknown is not None:
        raise SelectorError(f"names {unknown[0]}, which is none of $service, $pods, $namespace")
    named = matcher.placeholders
    if named and matcher.operator in {"!=", "!~"}:
        raise SelectorError(f"leaves out ${named[0]} instead of selecting it")
    if Placeholder.PODS in named and matcher.operator != "=~":
        raise SelectorError(f"has {matcher.label}=, but $pods is a pattern: {matcher.label}=~")
