"""The processes of a pod, as this machine's kernel knows them."""

from pathlib import Path


def processes_of(uid: str, command: str) -> list[int]:
    """Return a pod's processes whose command line has the word; control groups have its UID."""
    group = f"pod{uid}"
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if group in _text(process / "cgroup") and command in _text(process / "cmdline")
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""  # it has ended meanwhile
