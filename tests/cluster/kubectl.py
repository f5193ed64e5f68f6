"""kubectl, and what it said."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from sluice.model.json import JsonObject


@dataclass(frozen=True, slots=True)
class Spoken:
    """What kubectl said. warnings: what the API server had to say beside its answer."""

    succeeded: bool
    output: str
    complaints: str

    @property
    def warnings(self) -> str:
        """The lines of the API server's warnings."""
        lines = self.complaints.splitlines()
        return "\n".join(line for line in lines if line.startswith("Warning:"))


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl as one user."""

    kubeconfig: Path

    def ask(self, *words: str, manifest: JsonObject | None = None) -> Spoken:
        """Run kubectl, with the manifest as its standard input, and return what it said."""
        done = subprocess.run(
            ["kubectl", f"--kubeconfig={self.kubeconfig}", *words],
            input=None if manifest is None else yaml.safe_dump(dict(manifest)),
            capture_output=True,
            text=True,
            check=False,
        )
        return Spoken(done.returncode == 0, done.stdout, done.stderr)

    def __call__(self, *words: str, manifest: JsonObject | None = None) -> str:
        """Run kubectl, which has to succeed, and return what it printed."""
        said = self.ask(*words, manifest=manifest)
        assert said.succeeded, f"kubectl {' '.join(words)}: {said.complaints}"
        return said.output
