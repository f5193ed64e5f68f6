"""The image of the application under test, built and given to the local cluster."""

from typing import Final

from tests.cluster.app_manifests import IMAGE
from tests.localcluster import oci
from tests.localcluster.build import build, built, built_programs
from tests.localcluster.daemons import Daemons
from tests.localcluster.places import Places
from tests.localcluster.programs import GoModule
from tests.localcluster.worker import import_image

FAULTY: Final = GoModule("faulty")
COMMAND: Final = oci.Command(("/faulty",), {"PATH": "/"}, user="65532")


def load_faulty(places: Places) -> None:
    """Build the program unless the cache has it, and import its image."""
    build(FAULTY, places)
    program = built(FAULTY, places) / "faulty"
    archive = places.images / f"{program.parent.name}.tar"
    if not archive.exists():
        layer = archive.with_suffix(".layer")
        oci.write_layer(layer, {program.name: program})
        oci.write_image(archive, IMAGE, [layer], COMMAND)
        layer.unlink()
    import_image(archive, Daemons(places, built_programs(places).cluster, in_node=True))
