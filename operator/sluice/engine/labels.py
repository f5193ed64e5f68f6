"""Which objects carry which of our labels: those under Sluice's prefix, and no others.

Most objects carry none of them and cost nothing here.
"""

from collections.abc import Iterable, Iterator

from sluice.model.cluster import Projection
from sluice.model.kind import Labelled
from sluice.model.names import PREFIX

_OURS = f"{PREFIX}/"


class LabelIndex:
    """Names by what selects them."""

    def __init__(self) -> None:
        self._names: dict[Labelled, dict[str, None]] = {}

    def add(self, projection: Projection) -> None:
        """Take in an object."""
        for selection in _selections(projection):
            self._names.setdefault(selection, {})[projection.meta.ref.name] = None

    def discard(self, projection: Projection) -> None:
        """Forget an object, with the labels that it was added with."""
        for selection in _selections(projection):
            names = self._names.get(selection, {})
            names.pop(projection.meta.ref.name, None)
            if not names:
                self._names.pop(selection, None)

    def names(self, selection: Labelled) -> Iterable[str]:
        """Return the names of what a selection by one of our labels matches, in any order."""
        return self._names.get(selection, {})


def is_ours(label: str) -> bool:
    """Whether a label is indexed."""
    return label.startswith(_OURS)


def _selections(projection: Projection) -> Iterator[Labelled]:
    meta = projection.meta
    for label, value in meta.labels.items():
        if is_ours(label):
            yield Labelled(meta.ref.resource, meta.ref.namespace, label, value)
