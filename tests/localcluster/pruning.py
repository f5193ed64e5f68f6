"""Delete from the cache what an earlier version of the repository has left there."""

import shutil
from collections.abc import Collection
from pathlib import Path

from tests.localcluster.images import program_images
from tests.localcluster.operator_base import base_layer
from tests.localcluster.places import Places
from tests.localcluster.programs import Programs


def prune_programs(programs: Programs, places: Places) -> None:
    """Keep the current programs and their images: each older set is 1 GB."""
    kept = {programs.cluster, programs.traefik, programs.runc}
    for module in kept:
        name = module.name.rpartition("-")[0]
        keep_only(kept, places.programs, f"{name}-*")
        archives = {image.archive(places) for image in program_images(programs)}
        keep_only(archives, places.images, f"{name}-*.tar")
    keep_only({base_layer(places)}, places.images, "base-*.tar")


def keep_only(kept: Collection[Path], folder: Path, pattern: str) -> None:
    """Delete what matches `pattern` in `folder` and is not among `kept`."""
    for path in set(folder.glob(pattern)) - set(kept):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
