"""Write container images without Docker: OCI tarballs that `ctr images import` reads.

Format: github.com/opencontainers/image-spec, image-layout.md. Layers are not compressed, because
they only travel from this disk to this disk.
"""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.localcluster.atomic import replacing

JSON = str | int | list["JSON"] | dict[str, "JSON"]

LAYER_TYPE: Final = "application/vnd.oci.image.layer.v1.tar"
CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"
MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE: Final = "application/vnd.oci.image.index.v1+json"
ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Command:
    """How a container of the image starts; `user` is a number, or empty for root."""

    entrypoint: Sequence[str]
    environment: Mapping[str, str]
    user: str = ""

    def to_json(self) -> dict[str, JSON]:
        return {
            "Entrypoint": list(self.entrypoint),
            "Env": [f"{name}={value}" for name, value in self.environment.items()],
            "User": self.user,
            "WorkingDir": "/",
        }


def write_layer(target: Path, files: Mapping[str, Path]) -> None:
    """Write a layer of `files`: path in the image, without a leading slash, to file or folder.

    Equal content gives equal bytes, so that containerd keeps what it has unpacked already.
    """
    with replacing(target) as partial, tarfile.open(partial, "w") as archive:
        temporary = tarfile.TarInfo("tmp")
        temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(temporary)
        for path, source in sorted(files.items()):
            archive.add(source, arcname=path, filter=_anonymous)


def write_image(target: Path, name: str, layers: Sequence[Path], command: Command) -> None:
    """Write the image `name` with the given layer files, lowest first."""
    blobs = [(_digest_of_file(layer), layer) for layer in layers]
    config = _encoded(_config(command, [digest for digest, _ in blobs]))
    manifest = _encoded(_manifest(config, blobs))
    index = _encoded(_index(manifest, name))
    with replacing(target) as partial, tarfile.open(partial, "w") as archive:
        _add_bytes(archive, "oci-layout", _encoded({"imageLayoutVersion": "1.0.0"}))
        _add_bytes(archive, "index.json", index)
        for blob in (manifest, config):
            _add_bytes(archive, _blob_path(_digest(blob)), blob)
        for digest, layer in blobs:
            archive.add(layer, arcname=_blob_path(digest), filter=_anonymous)


def _config(command: Command, digests: list[str]) -> dict[str, JSON]:
    # A layer that is not compressed has the same digest as blob and as content.
    root: dict[str, JSON] = {"type": "layers", "diff_ids": list(digests)}
    return {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": command.to_json(),
        "rootfs": root,
    }


def _manifest(config: bytes, layers: Sequence[tuple[str, Path]]) -> dict[str, JSON]:
    described: list[JSON] = [
        {"mediaType": LAYER_TYPE, "digest": digest, "size": layer.stat().st_size}
        for digest, layer in layers
    ]
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor(CONFIG_TYPE, config),
        "layers": described,
    }


def _index(manifest: bytes, name: str) -> dict[str, JSON]:
    named: dict[str, JSON] = {"annotations": {"io.containerd.image.name": name}}
    return {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [_descriptor(MANIFEST_TYPE, manifest) | named],
    }


def _descriptor(kind: str, blob: bytes) -> dict[str, JSON]:
    return {"mediaType": kind, "digest": _digest(blob), "size": len(blob)}


def _encoded(content: dict[str, JSON]) -> bytes:
    return json.dumps(content, sort_keys=True).encode()


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def _blob_path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add_bytes(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    # A temporary directory, from which layers are made, is closed to the container's user.
    entry.mode |= 0o555 if entry.isdir() else 0o444
    return entry
