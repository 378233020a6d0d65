"""What ``inspect`` says of an image, in docker's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dockmagic.oci.spec import config_members

if TYPE_CHECKING:
    from dockmagic.image.image import Image

__all__ = ["inspect_document"]

#: Members of the inner configuration that docker always shows, and what it shows where an image says nothing.
_ALWAYS: Final = {
    "User": "", "Env": None, "Cmd": None, "Volumes": None, "WorkingDir": "", "Entrypoint": None, "OnBuild": None,
    "Labels": None,
}  # fmt: skip


def inspect_document(image: Image) -> dict[str, Any]:
    """Docker's description of an image; unknown members of the configuration are kept."""
    raw = config_members(image.raw_config)
    names = image.names
    repositories = dict.fromkeys(ref.familiar_name for ref in names)
    platform = image.platform
    document = {
        "Id": image.id,
        "RepoTags": [ref.familiar for ref in names if ref.tag],
        "RepoDigests": [f"{repository}@{image.repo_digest}" for repository in repositories],
        "Parent": "",
        "Comment": (image.history[-1].comment or "") if image.history else "",
        "Created": raw.get("created") or "",
        "DockerVersion": raw.get("docker_version") or "",
        "Author": raw.get("author") or "",
        "Config": _ALWAYS | (raw.get("config") or {}),
        "Architecture": platform.architecture,
        "Variant": platform.variant or "",
        "Os": platform.os,
        "OsVersion": platform.os_version or "",
        "Size": image.size,
        "CompressedSize": image.compressed_size,
        "RootFS": {
            "Type": "layers",
            "Layers": [layer.diff_id for layer in image.layers],
            "ChainIDs": [layer.chain_id for layer in image.layers],
        },
        "Descriptor": {
            "mediaType": image.descriptor.media_type,
            "digest": image.descriptor.digest,
            "size": image.descriptor.size,
        },
    }
    for optional in ("Variant", "OsVersion"):
        if not document[optional]:
            del document[optional]
    return document
