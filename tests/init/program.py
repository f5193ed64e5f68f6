"""The program as a Job runs it: a process of its own, files in a directory, a URL in a variable."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from tests.servers.process import PASSWORD, QUOTED_PASSWORD

_NUMBERS: Final = count(1)
PROGRAM: Final = Path(sys.executable).with_name("sluice-init")


@dataclass(frozen=True, slots=True)
class Said:
    """How a run ended. words: what it left in the termination log."""

    code: int
    out: str
    err: str
    words: str

    @property
    def facts(self) -> dict[str, object]:
        """The JSON of the termination log, which is the last line of stdout too."""
        assert self.out.splitlines()[-1:] == self.words.splitlines()
        facts: dict[str, object] = json.loads(self.words)
        return facts


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way."""

    process: subprocess.Popen[str]
    log: Path

    def end(self) -> Said:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=60)
        assert PASSWORD not in out + err
        assert QUOTED_PASSWORD not in out + err
        words = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return Said(self.process.returncode, out, err, words)

    def kill(self) -> None:
        """End it as a node that fails does: nothing of it runs any more."""
        self.process.kill()
        self.process.communicate()


@dataclass(frozen=True, slots=True)
class Program:
    """The program with an environment and a folder of its own."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self, *words: str) -> Run:
        """Start a run."""
        log = self.folder / f"termination-{next(_NUMBERS)}"
        given = () if words[1] == "status" else (f"--termination-log={log}",)
        process = subprocess.Popen(
            # A test that fails in the middle must not leave an endless run behind.
            ["setpriv", "--pdeathsig=KILL", "--", PROGRAM, *words[:2], *given, *words[2:]],
            env={"PATH": os.environ["PATH"], **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Run(process, log)

    def __call__(self, *words: str) -> Said:
        """Run to the end."""
        return self.start(*words).end()
