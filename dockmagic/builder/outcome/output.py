"""Where a result goes besides the store: ``--output type=local|tar|oci|docker|image|cacheonly``."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, cast

import msgspec

from dockmagic.builder.image.packing import Packing
from dockmagic.dockerfile.mounts import read_fields
from dockmagic.oci.errors import Conflict, InvalidInput, NotSupported
from dockmagic.oci.media import Compression
from dockmagic.store.home import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore

__all__ = ["BuildOutput", "export", "one_packing"]

OutputType = Literal["local", "tar", "oci", "docker", "image", "cacheonly"]

_TYPES: Final[tuple[OutputType, ...]] = ("local", "tar", "oci", "docker", "image", "cacheonly")
_FORMS: Final = {"oci": "oci-archive", "docker": "docker-archive"}
_IMAGES: Final = ("oci", "docker", "image")
#: Option → the value that asks for what is so anyway.
_USUAL: Final = {
    "tar": ("true",), "store": ("true",), "platform-split": ("false",), "unpack": ("true", "false"),
    "push-by-digest": ("false",), "name-canonical": ("false",),
}  # fmt: skip
#: Options that ask for what there is not → what to do instead.
_REFUSED: Final = {
    "push-by-digest": "Leave it out, and push under a tag of its own: name=REPOSITORY:TAG",
    "name-canonical": "Leave it out: --metadata-file tells the digest",
    "store": "Leave it out: rmi removes the image",
    "dangling-name-prefix": "Name the image with -t or name=",
    "platform-split": "Leave it out: one build makes one platform",
}
_HINT: Final = "type, dest, name, push, tar, oci-mediatypes, compression[-level], force-compression, annotation.KEY are"
_TRUE: Final = ("1", "true")
_FALSE: Final = ("0", "false")


class BuildOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One ``--output``.

    Attributes:
        type: of the output; ``cacheonly`` for none: not even the store lists the image, and it gets no name.
        dest: file or folder; empty for standard output (``-``), and for ``image``.
        layout: `dest` is a folder that becomes an image layout (``type=oci,tar=false``).
        names: of the image in the archive, or in the store, beside its tags.
        push: give it to the registry too (``type=image,push=true``, ``type=registry``): the caller does it.
        docker_media_types: ``oci-mediatypes=false``.
        packing: how layers are to be compressed; None for the usual way.
        annotations: of the manifest.
    """

    type: OutputType
    dest: str = ""
    layout: bool = False
    names: tuple[str, ...] = ()
    push: bool = False
    docker_media_types: bool = False
    packing: Packing | None = None
    annotations: dict[str, str] = {}

    @classmethod
    def parse(cls, text: str) -> BuildOutput:
        """Read ``type=tar,dest=out.tar``; a path alone is ``type=local``, ``-`` alone ``type=tar`` on standard output.

        Raises:
            InvalidInput: not of that form.
            NotSupported: a type or option that is not there.
        """
        if text == "-":
            return cls(type="tar")
        if "=" not in text:
            return cls(type="local", dest=text)
        fields = dict(field.partition("=")[::2] for field in read_fields(text, "output"))
        kind = fields.pop("type", "")
        push = kind == "registry" or _is_true(fields, "push")
        kind = "image" if kind == "registry" else kind
        if kind not in _TYPES:
            raise NotSupported(f"there is no output of type {kind!r}", hint=f"Use one of {', '.join(_TYPES)}, registry")
        dest = fields.pop("dest", "")
        layout = kind == "oci" and not _is_true(fields, "tar", default="true")
        output = cls(
            type=kind,
            dest="" if dest == "-" else dest,
            layout=layout,
            names=tuple(name for name in fields.pop("name", "").split(",") if name),
            push=push,
            docker_media_types=not _is_true(fields, "oci-mediatypes", default="true"),
            packing=_packing(fields) if kind in _IMAGES else None,
            annotations=_annotations(fields) if kind in _IMAGES else {},
        )
        _drop_usual(fields)
        for name, value in fields.items():
            if name in _REFUSED:
                raise NotSupported(f"--output {name}={value} is not supported", hint=_REFUSED[name])
            raise NotSupported(f"the option {name} of --output is not there for type={kind}", hint=_HINT)
        if (kind == "local" or layout) and not output.dest:
            raise InvalidInput(f"an output of type {kind} into a folder needs dest=FOLDER")
        return output


def one_packing(outputs: Iterable[BuildOutput]) -> Packing | None:
    """How the layers of the result are to be compressed, whom all outputs share; None for the usual way.

    Raises:
        InvalidInput: two outputs ask for different ways.
    """
    found = {output.packing for output in outputs if output.packing is not None}
    if len(found) > 1:
        raise InvalidInput("outputs ask for different compressions", hint="Build once for each of them")
    return found.pop() if found else None


def _packing(fields: dict[str, str]) -> Packing | None:
    force = _is_true(fields, "force-compression")
    return Packing.parse(fields.pop("compression", ""), fields.pop("compression-level", ""), force=force)


def _annotations(fields: dict[str, str]) -> dict[str, str]:
    found = {}
    for field in tuple(fields):
        kind, _, key = field.partition(".")
        if kind in ("annotation", "annotation-manifest") and key:
            found[key] = fields.pop(field)
    return found


def _drop_usual(fields: dict[str, str]) -> None:
    """Take away options that ask for what is so anyway."""
    for name, values in _USUAL.items():
        if fields.get(name, "").lower() in values:
            del fields[name]
    # With SOURCE_DATE_EPOCH no file of a step is younger; those of a base image BuildKit leaves, too.
    _is_true(fields, "rewrite-timestamp")


def _is_true(fields: dict[str, str], key: str, *, default: str = "false") -> bool:
    value = fields.pop(key, default)
    if value.lower() not in (*_TRUE, *_FALSE):
        raise InvalidInput(f"invalid value for {key}: {value}", hint="Write true or false")
    return value.lower() in _TRUE


def export(store: ContentStore, image: Image, output: BuildOutput, *, stdout: BinaryIO | None = None) -> str:
    """Write `image`, with the names that it has, as `output` says; returns the path.

    A file appears when it is whole. Into a folder of type ``local`` files are put beside what is there.

    Raises:
        InvalidInput: standard output is asked for and there is none.
        Conflict: the folder of an output is a file.
        OutOfSpace: the disk is full.
    """
    if output.type in ("image", "cacheonly"):
        return output.names[0] if output.names else ""
    from dockmagic.image.archive import export_rootfs, save, save_layout

    if output.type == "local":
        _export_folder(store, image, Path(output.dest).expanduser())
    elif output.layout:
        save_layout([image], Path(output.dest).expanduser())
    else:
        with _target(output.dest, stdout) as out:
            if output.type == "tar":
                export_rootfs(image, out)
            else:
                save([image], out, form=_FORMS[output.type], tags_alone=True)
    return output.dest or "-"


@contextlib.contextmanager
def _target(dest: str, stdout: BinaryIO | None) -> Iterator[BinaryIO]:
    if not dest:
        if stdout is None:
            raise InvalidInput("there is no standard output for the result here", hint="Write dest=FILE")
        yield stdout
        return
    path = Path(dest).expanduser()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with disk_errors(), temporary.open("wb") as file:
            yield file
        temporary.replace(path)
    except FileNotFoundError:
        raise InvalidInput(f"the folder {path.parent} is not there", hint="Make it first") from None
    finally:
        temporary.unlink(missing_ok=True)


def _export_folder(store: ContentStore, image: Image, folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise Conflict(f"{folder} is a file", hint="Name a folder")
    import tempfile

    from dockmagic.image.archive import export_rootfs
    from dockmagic.layer.disk_format import DiskFormat
    from dockmagic.layer.unpack import unpack

    with disk_errors(), tempfile.TemporaryFile(dir=store.home.root, prefix=".export.") as tar:
        folder.mkdir(parents=True, exist_ok=True)
        export_rootfs(image, cast("BinaryIO", tar))
        tar.seek(0)
        # As whoever builds: nobody could use files of root's in a folder of his own.
        unpack(cast("BinaryIO", tar), Compression.NONE, folder, form=DiskFormat())
