"""What the cluster itself knows of runs of init nodes, through every crash of the operator."""

import json
from collections import Counter
from dataclasses import dataclass, field

from sluice.model import names
from sluice.model.json import Body
from sluice.model.references import CONFIGMAPS, DEPLOYMENTS, JOBS
from tests.converge.kubelet import image_of, is_of_init
from tests.converge.store import Change

VERSION = "version."


@dataclass
class Ledger:
    """Which Jobs there were and what was recorded, told independently of the code under test.

    made: how many Jobs there were for a run, by its text. runs: the run of each Job, by its name.
    complete: every (node, version) that a record has ever called complete.
    bypassed: (UID, image) of Deployments whose author would not wait.
    """

    made: Counter[str] = field(default_factory=Counter)
    runs: dict[str, str] = field(default_factory=dict)
    complete: set[tuple[str, str]] = field(default_factory=set)
    bypassed: set[tuple[str, str]] = field(default_factory=set)

    def fork(self) -> "Ledger":
        """Return a copy."""
        made, runs = Counter(self.made), dict(self.runs)
        return Ledger(made, runs, set(self.complete), set(self.bypassed))

    def note(self, change: Change) -> None:
        """Take in a change."""
        body = Body(change.new)
        if change.ref.resource == JOBS and change.type == "ADDED" and is_of_init(body):
            run = body.labels("metadata", "annotations")[names.RUN]
            self.made[run] += 1
            self.runs[change.ref.name] = run
        elif change.ref.resource == CONFIGMAPS and change.type != "DELETED":
            node = body.labels("metadata", "labels").get(names.RECORD_LABEL, "")
            for entry in entries(body):
                if entry.text("result") == "Complete":
                    self.complete.add((node, entry.text("version")))
        elif change.ref.resource == DEPLOYMENTS and _is_bypassed(body):
            image = image_of(body.body("spec", "template"))
            self.bypassed.add((body.text("metadata", "uid"), image))


def entries(record: Body) -> list[Body]:
    """Return what a record says, an entry for each version; what cannot be read is left out."""
    found = []
    for key, text in sorted(record.labels("data").items()):
        if key.startswith(VERSION):
            try:
                found.append(Body(json.loads(text)))
            except ValueError:
                continue
    return found


def _is_bypassed(body: Body) -> bool:
    return body.labels("metadata", "annotations").get(names.BYPASS) == "startup"
