"""The images of the cluster's own pods: one static program each."""

from dataclasses import dataclass
from pathlib import Path

from tests.localcluster import oci
from tests.localcluster.daemons import Daemons
from tests.localcluster.places import Places
from tests.localcluster.programs import Programs
from tests.localcluster.worker import PAUSE_IMAGE, import_image


@dataclass(frozen=True, slots=True)
class ProgramImage:
    """An image that holds one program and starts it."""

    name: str
    program: Path

    def archive(self, places: Places) -> Path:
        """Return the image's file in the cache; the program's folder is named by its sources."""
        return places.images / f"{self.program.parent.name}-{self.program.name}.tar"


def program_images(programs: Programs) -> tuple[ProgramImage, ...]:
    """Return the images that every cluster gets; podinfo is there for tests and the demo."""
    return (
        ProgramImage(PAUSE_IMAGE, programs.cluster / "pause"),
        ProgramImage("docker.io/local/coredns:dev", programs.cluster / "coredns"),
        ProgramImage("docker.io/local/prometheus:dev", programs.cluster / "prometheus"),
        ProgramImage("docker.io/local/traefik:dev", programs.traefik / "traefik"),
        ProgramImage("docker.io/local/podinfo:dev", programs.cluster / "podinfo"),
    )


def write_program_images(programs: Programs, places: Places) -> None:
    """Write the images' archives that the cache does not have."""
    for image in program_images(programs):
        if not image.archive(places).exists():
            _write(image, places)


def import_program_images(programs: Programs, daemons: Daemons) -> None:
    """Give containerd all of the images."""
    for image in program_images(programs):
        import_image(image.archive(daemons.places), daemons)


def _write(image: ProgramImage, places: Places) -> None:
    archive = image.archive(places)
    layer = archive.with_suffix(".layer")
    oci.write_layer(layer, {image.program.name: image.program})
    command = oci.Command((f"/{image.program.name}",), {"PATH": "/"})
    oci.write_image(archive, image.name, [layer], command)
    layer.unlink()
