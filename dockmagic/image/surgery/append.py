"""Append: one more layer, of files, folders, texts, or a tar."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.image.draft import Draft, DraftLayer
from dockmagic.image.layer_writer import store_archive
from dockmagic.layer.entry import Entry, EntryType
from dockmagic.layer.write import in_order
from dockmagic.oci.errors import Conflict, InvalidInput, PathNotFound

from .replace import check_links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dockmagic.image.image import Image
    from dockmagic.image.layer_writer import NewLayer
    from dockmagic.layer.tree import FileTree

    from .workspace import Workspace

    #: Paths in the image, each with what is to be there: bytes, a text, or a path of this machine.
    Files = Sequence[tuple[str, bytes | str | Path]]

__all__ = ["append", "layer_of_archive", "layer_of_files"]

_PIECE: Final = 1 << 20


def append(workspace: Workspace, image: Image, layer: NewLayer, *, what: str, comment: str = "") -> Image:
    """The image with one more layer on top.

    Args:
        workspace: with the store, which has the blobs of image and layer.
        image: to change.
        layer: from `layer_of_files` or `layer_of_archive`.
        what: where it came from, for the history.
        comment: for the history.

    Raises:
        Conflict: the layer has hard links to files that the image does not have.
    """
    draft = Draft(image)
    draft.add(workspace.history(f"image append {what}", comment=comment), DraftLayer(layer.descriptor, layer.diff_id))
    made = workspace.finish(draft)
    check_links(image, made, "on top")
    return made


def layer_of_archive(workspace: Workspace, tar: Path | BinaryIO) -> NewLayer:
    """A layer of a tar, whose ``.wh.`` files remove; compressed by gzip or zstd it is kept as it is.

    Raises:
        InvalidInput: the file cannot be read.
        InvalidLayer: it is no tar, or one that leads out.
    """
    if not isinstance(tar, Path):
        return store_archive(workspace.store, tar, workspace.keep, reproducible=workspace.epoch is not None)
    try:
        with tar.open("rb") as stream:
            return layer_of_archive(workspace, stream)
    except OSError as error:
        raise InvalidInput(f"{tar} cannot be read: {error.strerror}", hint="Name a tar archive") from None


def layer_of_files(workspace: Workspace, below: FileTree, files: Files) -> NewLayer:
    """A layer of files and folders, in the canonical form; they are root's, with the modes that they have here.

    Links of the image on the way to a path are followed, as COPY does, and directories on the way keep what they are.

    Args:
        workspace: with the store.
        below: the tree of the layers below.
        files: each a path in the image, and bytes, a text in UTF-8, or a path of this machine: a file or link is put
            there (under its name, if the path ends with a slash), of a folder what is in it.

    Raises:
        InvalidInput: nothing is given, a path cannot be read here, or is neither file, folder nor link.
        Conflict: something that is no directory stands in the way, or a file changes while it is read.
    """
    if not files:
        raise InvalidInput("there is nothing to append", hint="Name files, folders or a tar")
    found = _Files(below, workspace)
    for path, content in files:
        found.add(path, content)
    with workspace.layer_writer(size=sum(entry.size for entry in found.entries.values())) as writer:
        for entry in in_order(found.entries.values()):
            opened = found.contents.get(entry.name)
            writer.add(entry, _pieces(opened) if opened is not None else ())
        writer.end()
        return writer.finish()


def _pieces(opened: Callable[[], BinaryIO]) -> Iterator[bytes]:
    with opened() as stream:
        while piece := stream.read(_PIECE):
            yield piece


class _Files:
    """What a new layer has: entries by name, and how to open the contents."""

    def __init__(self, below: FileTree, workspace: Workspace) -> None:
        self._below = below
        self._now = workspace.seconds
        self._epoch = workspace.epoch
        self.entries: dict[bytes, Entry] = {}
        self.contents: dict[bytes, Callable[[], BinaryIO]] = {}

    def add(self, path: str, source: bytes | str | Path) -> None:
        name = self._name(path)
        if isinstance(source, (bytes, str)):
            if not name or path.endswith("/"):
                raise InvalidInput(f"{path!r} names no file", hint="Write the whole path of the file")
            data = source if isinstance(source, bytes) else source.encode()
            entry = Entry(name, EntryType.REGULAR, mode=0o644, size=len(data), mtime=self._date(None))
            self._put(entry, lambda: io.BytesIO(data))
            return
        try:
            # A folder that is named is gone into, even by a link; links inside are kept as what they are.
            if source.is_dir():
                self._add_folder(self._entered(name), source)
            else:
                self._add_path(self._name(path + source.name) if path.endswith("/") else name, source)
        except OSError as error:
            raise InvalidInput(
                f"{error.filename or source} cannot be read: {error.strerror}", hint="Check the path"
            ) from None

    def _add_folder(self, name: bytes, folder: Path) -> None:
        if name and name not in self.entries:
            self._put(self._directory(name, folder.stat()))
        for item in sorted(os.scandir(folder), key=lambda item: os.fsencode(item.name)):
            base = os.fsencode(item.name)
            place = name + b"/" + base if name else base
            if item.is_dir(follow_symlinks=False):
                self._add_folder(self._entered(place), Path(item.path))
            else:
                self._add_path(place, Path(item.path))

    def _add_path(self, name: bytes, path: Path) -> None:
        state = path.lstat()
        kind = EntryType.of(state.st_mode)
        date = self._date(state)
        if kind is EntryType.SYMLINK:
            link = os.fsencode(path.readlink())
            self._put(Entry(name, EntryType.SYMLINK, mode=0o777, mtime=date, link=link))
        elif kind is EntryType.REGULAR:
            mode = stat.S_IMODE(state.st_mode)
            entry = Entry(name, EntryType.REGULAR, mode=mode, size=state.st_size, mtime=date)
            self._put(entry, lambda: path.open("rb"))
        else:
            raise InvalidInput(f"{path} is no file, folder or link", hint="Leave it out")

    def _put(self, entry: Entry, opened: Callable[[], BinaryIO] | None = None) -> None:
        self._make_parents(entry.name)
        self.entries[entry.name] = entry
        self.contents.pop(entry.name, None)
        if opened is not None:
            self.contents[entry.name] = opened

    def _make_parents(self, name: bytes) -> None:
        parent = name.rpartition(b"/")[0]
        known = self.entries.get(parent)
        if not parent or (known is not None and known.is_dir):
            return
        self._make_parents(parent)
        node = self._below.nodes.get(parent)
        entry = known or (node.entry if node is not None else None)
        if entry is None:
            entry = Entry(parent, EntryType.DIRECTORY, mtime=self._date(None))
        elif not entry.is_dir:
            raise Conflict(f"{entry.path} is not a directory in the image", hint="Choose another path")
        self.entries[parent] = entry

    def _directory(self, name: bytes, state: os.stat_result) -> Entry:
        node = self._below.nodes.get(name)
        if node is not None and node.entry.is_dir:
            return node.entry
        return Entry(name, EntryType.DIRECTORY, mode=stat.S_IMODE(state.st_mode), mtime=self._date(state))

    def _name(self, path: str) -> bytes:
        """The name of a path, links of the image on the way to it followed."""
        parts = [part for part in os.fsencode(path).split(b"/") if part not in (b"", b".")]
        if b".." in parts:
            raise InvalidInput(f"{path!r} has .. in it", hint="Write the whole path")
        if not parts:
            return b""
        parent = self._entered(b"/".join(parts[:-1]))
        return parent + b"/" + parts[-1] if parent else parts[-1]

    def _entered(self, name: bytes) -> bytes:
        """The name of a directory, links of the image followed as far as it has them."""
        if not name:
            return name
        parent, _, base = name.rpartition(b"/")
        parent = self._entered(parent)
        name = parent + b"/" + base if parent else base
        try:
            node = self._below.lookup(name)
        except PathNotFound:
            return name
        return node.entry.name if node.entry.is_dir else name

    def _date(self, state: os.stat_result | None) -> int:
        """Whole seconds; of what is made here, the time of the operation."""
        if state is None:
            return self._now
        return int(state.st_mtime) if self._epoch is None else min(int(state.st_mtime), self._epoch)
