"""Pictures as files: a changed picture is seen in the diff. GOLDEN_UPDATE=1 draws them anew."""

import io
import os
from pathlib import Path

from rich.console import Console, RenderableType

from sluice.cli.terminal import Terminal

_FOLDER = Path(__file__).parent / "golden"


def piped(renderable: RenderableType, width: int = 100_000, encoding: str = "utf-8") -> str:
    """Return what a pipe gets of a picture."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, color_system=None, width=width, highlight=False, markup=False)
    Terminal(out=console, err=console, program="sluice").show(renderable)
    stream.seek(0)
    return stream.read()


def assert_golden(name: str, shown: str) -> None:
    """Compare with golden/NAME.txt."""
    path = _FOLDER / f"{name}.txt"
    if os.environ.get("GOLDEN_UPDATE"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")
