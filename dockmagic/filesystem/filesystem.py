"""The filesystem: fsspec's interface over the merged view of images, read-only."""

from __future__ import annotations

import errno
import os
import re
import threading
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Never

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from dockmagic.engine import Engine
from dockmagic.image.path_errors import IsDirectory, MissingPath
from dockmagic.oci.errors import ImageNotFound, InvalidInput, NotSupported, PathNotFound

from .contents import Contents
from .url import split_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.image.layer import Layers
    from dockmagic.layer.node import Node

__all__ = ["ImageFile", "ImageFileSystem"]

_RANGE: Final = re.compile(r"(?P<first>[0-9]{1,4})(?:-(?P<last>[0-9]{1,4}))?")


class ImageFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Files of images, here or in their registries, for whoever speaks fsspec.

    ``image://NAME:TAG/path`` or ``image://NAME@sha256:…/path``; links, hard links, sparse files and whiteouts are as in
    the merged tree. A file is read whole, once, and verified before its first byte is given. Writing raises
    `OSError` with ``EROFS``.

    Args:
        layers: only these: ``2``, or ``0-3`` for 0 to 3 (``image://NAME:TAG/path?layers=0-3``).
        platform: of an index, such as ``linux/arm64``.
        archive: an archive or image layout that the names are of.
        home: of the engine; None for the usual one.
        options: fsspec's own.
    """

    protocol: ClassVar[str] = "image"
    root_marker: ClassVar[str] = ""

    def __init__(
        self, layers: str = "", platform: str = "", archive: str = "", home: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._wanted = layers
        self._platform = platform
        self._archive = archive
        self._home = home
        self._images: dict[str, Layers] = {}
        self._lock = threading.Lock()
        self._contents = Contents()

    @cached_property
    def _engine(self) -> Engine:
        return Engine(self._home)

    # Addresses

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        try:
            return split_url(os.fspath(path)).plain
        except InvalidInput:  # a piece of an address, such as what stands before a wildcard
            return str(path).removeprefix("image://").rstrip("/")

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, str]:
        layers = split_url(path).layers
        return {"layers": layers} if layers else {}

    @classmethod
    def _parent(cls, path: str) -> str:
        name, inner, _ = split_url(path)
        return f"{name}/{inner.rpartition('/')[0]}".rstrip("/") if inner else cls.root_marker

    def _layers(self, name: str) -> Layers:
        """The layers of an image that are meant."""
        with self._lock:
            found = self._images.get(name)
            if found is None:
                found = self._images[name] = self._found(name)
            return found

    def _found(self, name: str) -> Layers:
        platform = self._platform or None
        try:
            if self._archive:
                image = self._engine.images.open(os.path.abspath(self._archive), name=name, platform=platform)  # noqa: PTH100
            else:
                image = self._engine.images.find(name, platform=platform)
        except ImageNotFound as error:
            raise MissingPath(error.message, hint=error.hint) from None
        if not self._wanted:
            return image.layers
        match = _RANGE.fullmatch(self._wanted)
        first, last = (int(match["first"]), int(match["last"] or match["first"])) if match else (1, 0)
        if not first <= last < len(image.layers):
            raise InvalidInput(
                f"{name} has no layers {self._wanted!r}", hint=f"Write N or FIRST-LAST, 0 to {len(image.layers) - 1}"
            )
        return image.layers[first : last + 1]

    def _node(self, path: str, *, follow: bool = True) -> tuple[Layers, Node]:
        name, inner, _ = split_url(path)
        if not name:
            raise IsDirectory("the list of images is no file", hint="Name an image: image://NAME:TAG/path")
        layers = self._layers(name)
        try:
            return layers, layers.files.lookup(inner, follow=follow)
        except PathNotFound as error:
            raise MissingPath(error.message, hint=error.hint) from None

    # What is there

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """What is known of a path: name, size, type, and mode, uid, gid, mtime, islink, destination, digest.

        Raises:
            FileNotFoundError: it is not there.
        """
        plain = self._strip_protocol(path)
        if not plain:
            return {"name": "", "size": 0, "type": "directory"}
        return self._described(plain, self._node(plain, follow=False)[1])

    def _described(self, plain: str, node: Node) -> dict[str, Any]:
        entry = node.entry
        found: dict[str, Any] = {"name": plain, "islink": entry.is_symlink}
        if entry.is_symlink:
            found["destination"] = entry.target
            with suppress(MissingPath):  # it may lead to nothing
                entry = self._node(plain)[1].entry
        kind = "directory" if entry.is_dir else "file" if entry.is_file else "other"
        return {
            **found,
            "size": entry.size if kind == "file" else 0,
            "type": kind,
            "mode": entry.st_mode,
            "uid": entry.uid,
            "gid": entry.gid,
            "mtime": float(entry.mtime),
            "digest": entry.digest.hex(),
        }

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:  # noqa: FBT001, FBT002  (fsspec's signature)
        """What is in a directory, by name; of a file, itself.

        Raises:
            FileNotFoundError: it is not there.
        """
        plain = self._strip_protocol(path)
        if not plain:
            names = [str(ref) for image in self._engine.images for ref in image.names]
            found = [{"name": name, "size": 0, "type": "directory"} for name in sorted(names)]
        else:
            layers, node = self._node(plain)
            if node.entry.is_dir:
                below = layers.files.children(node.entry.name)
                found = [self._described(f"{plain}/{_base(child)}", child) for child in below]
            else:
                found = [self.info(plain)]
        return found if detail else [one["name"] for one in found]

    def walk(self, path: str, *args: Any, inside: bool = False, **options: Any) -> Iterator[Any]:
        """Directories below a path, as fsspec has it; links to directories are listed, and not gone into.

        Some lead to a directory above them, as ``/usr/bin/X11`` of Debian does.
        """
        if not (inside and self.info(path).get("islink")):
            yield from super().walk(path, *args, inside=True, **options)

    def modified(self, path: str) -> datetime:
        """When it was changed, as the image says."""
        return datetime.fromtimestamp(self.info(path)["mtime"], UTC)

    def ukey(self, path: str) -> str:
        """What changes if and only if the content of a file does."""
        return str(self.info(path)["digest"])

    def invalidate_cache(self, path: str | None = None) -> None:
        """Look names up anew."""
        with self._lock:
            self._images.clear()
        self._contents.clear()
        super().invalidate_cache(path)

    # Reading

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,  # noqa: ARG002, FBT001, FBT002  (fsspec's signature)
        cache_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> ImageFile:
        if mode != "rb":
            _refuse()
        _, node = self._node(path)
        if node.entry.is_dir:
            raise IsDirectory(f"{path} is a directory", hint="List it with ls")
        if not node.entry.is_file:
            raise NotSupported(f"{path} has no content", hint="Only files can be read")
        return ImageFile(self, path, mode, block_size or "default", cache_options=cache_options, **options)

    def read_range(self, path: str, start: int, end: int) -> bytes:
        """Bytes `start` to ``end - 1`` of a file, verified.

        Raises:
            FileNotFoundError: it is not there.
            InvalidLayer: it is not what the layer's table of contents says.
        """
        layers, node = self._node(path)
        layer = layers.stack.layers[node.source]

        def pieces() -> Iterator[bytes]:
            return layer.content(node.entry)

        return self._contents.read((layer.diff_id, node.entry.offset, node.entry.size), pieces, start, end)

    # Writing, which there is none of

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> Never:  # noqa: ARG002, FBT001, FBT002  (fsspec's)
        """Refuse."""
        _refuse()

    def makedirs(self, path: str, exist_ok: bool = False) -> Never:  # noqa: ARG002, FBT001, FBT002  (fsspec's)
        """Refuse."""
        _refuse()

    def rmdir(self, path: str) -> Never:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> Never:  # noqa: ARG002, FBT001, FBT002
        """Refuse."""
        _refuse()

    def rm_file(self, path: str) -> Never:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def cp_file(self, path1: str, path2: str, **_: Any) -> Never:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def mv(self, path1: str, path2: str, *_: Any, **__: Any) -> Never:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: Any) -> Never:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def put_file(self, lpath: str, rpath: str, *_: Any, **__: Any) -> Never:  # noqa: ARG002
        """Refuse."""
        _refuse()

    def touch(self, path: str, truncate: bool = True, **_: Any) -> Never:  # noqa: ARG002, FBT001, FBT002
        """Refuse."""
        _refuse()


class ImageFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """A file of an image, opened for reading; fsspec's caches of blocks stand before it."""

    def _fetch_range(self, start: int, end: int) -> bytes:
        found: bytes = self.fs.read_range(self.path, start, end)
        return found


def _refuse() -> Never:
    raise OSError(errno.EROFS, "images are read-only: make another one with `image append`")


def _base(node: Node) -> str:
    return node.entry.path.rpartition("/")[2]
