"""Run kubectl as the cluster's administrator."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.localcluster.places import Places


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with a kubeconfig; every method raises CalledProcessError when kubectl fails."""

    program: Path
    kubeconfig: Path
    cache: Path

    def __call__(self, *words: str | Path) -> str:
        """Return what kubectl prints."""
        done = subprocess.run(
            [self.program, f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.cache}", *words],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def succeeds(self, *words: str | Path) -> bool:
        """Tell whether kubectl ends well; for questions that are asked again and again."""
        try:
            self(*words)
        except subprocess.CalledProcessError:
            return False
        return True


def admin_kubectl(places: Places) -> Kubectl:
    return Kubectl(
        places.commands / "kubectl",
        places.admin_kubeconfig,
        places.home / "kubectl-cache",
    )
