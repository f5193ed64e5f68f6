"""The lowest layer of the operator's image: a small Debian with Python 3.11."""

import hashlib
import subprocess
from pathlib import Path
from typing import Final

from tests.localcluster.atomic import replacing
from tests.localcluster.packages import system_environment
from tests.localcluster.places import Places

SUITE: Final = "bookworm"
# Kopf asks for the user's name, and Python for one's home, in the password file.
USER: Final = "sluice:x:65532:65532::/nonexistent:/usr/sbin/nologin"
PACKAGES: Final = ("python3.11", "ca-certificates")
LEFT_OUT: Final = (
    "/usr/share/doc/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
    "/usr/share/info/*",
)


def base_layer(places: Places) -> Path:
    """Return the layer's file in the cache, named after what it is made of."""
    digest = hashlib.sha256(repr(_command(Path("base.tar"))).encode()).hexdigest()
    return places.images / f"base-{digest[:16]}.tar"


def base_log(places: Places) -> Path:
    return places.build_logs / "base.log"


def make_base(places: Places) -> None:
    """Make the layer with mmdebstrap (35 s, 200 MB) unless the cache has it."""
    target = base_layer(places)
    if target.exists():
        return
    base_log(places).parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial, base_log(places).open("w") as log:
        subprocess.run(
            _command(partial), env=system_environment(), stdout=log, stderr=log, check=True
        )


def _command(target: Path) -> list[str]:
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        f"--include={','.join(PACKAGES)}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
        f'--customize-hook=echo "{USER}" >>"$1/etc/passwd"',
        SUITE,
        str(target),
    ]
