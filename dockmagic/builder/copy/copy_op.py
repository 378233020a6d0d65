"""COPY, ADD and WORKDIR: layers made of tar entries, with nothing unpacked and no process started."""

from __future__ import annotations

import posixpath
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dockmagic.builder.caching.cache import KeyInput
from dockmagic.builder.caching.keys import chain
from dockmagic.builder.sources.files import content, encoded, parent_of, shown
from dockmagic.builder.sources.image_files import ImageFiles
from dockmagic.builder.sources.single_file import SingleFile
from dockmagic.builder.sources.source_checks import check_sources, may_be_remote
from dockmagic.dockerfile import Add
from dockmagic.image.layer_writer import LayerWriter
from dockmagic.layer.entry import EntryType
from dockmagic.layer.tree import FileTree
from dockmagic.layer.write import in_order
from dockmagic.oci.errors import InvalidInput, about

from .destination_writer import DestinationWriter
from .owners import find_owner, find_user
from .permissions import Permissions
from .selection import Match, content_digest, content_items, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Buffer

    from dockmagic.builder.sources.archive import ArchiveFiles
    from dockmagic.builder.sources.files import Files
    from dockmagic.dockerfile import Copy, Heredoc
    from dockmagic.image.image import Image
    from dockmagic.image.layer_writer import Keep, NewLayer
    from dockmagic.layer.entry import Entry
    from dockmagic.store.content import ContentStore
    from dockmagic.store.home import Home

    from .destination_writer import FileOrigin
    from .owners import Owner
    from .remote import Remote

__all__ = ["CopyOp", "files_input", "image_files", "make_folder", "prepare"]


class CopyOp(Protocol):
    """A COPY or ADD that knows what it will copy, before anything is written."""

    @property
    def inputs(self) -> tuple[KeyInput, ...]:
        """What belongs in the cache's key: content of the sources, checksums and commits."""
        ...

    @property
    def link(self) -> bool:
        """``--link``: the layer depends on the parent by `inputs_below` alone, so its key has no parent."""
        ...

    def inputs_below(self, below: Image) -> tuple[KeyInput, ...]:
        """What a linked layer takes from below: numbers for its owner's name, and which folders it has to make.

        Raises:
            InvalidInput: an unknown user.
        """
        ...

    def write(
        self, store: ContentStore, below: Image, keep: Keep, *, moment: int, epoch: int | None = None
    ) -> NewLayer | None:
        """Write the layer.

        Args:
            store: where to.
            below: the image so far; names of owners are looked up in it.
            keep: of the lease that this happens in (`ContentStore.lease`): hears of the blob before it is there.
            moment: mtime of folders that are made on the way, in seconds.
            epoch: ``SOURCE_DATE_EPOCH``; no mtime is later, and the bytes are the same on every machine.

        Returns:
            The layer; None if nothing changes.

        Raises:
            Conflict: a file changes while it is read.
            InvalidInput: a folder would go where a file is, or the like; an unknown user.
            OutOfSpace: the disk is full.
        """
        ...


def prepare(
    instruction: Copy | Add,
    files: Files,
    *,
    home: Home,
    workdir: str = "/",
    on_progress: Callable[[str, int, int], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> CopyOp:
    """Find what an (expanded) COPY or ADD copies, and digest it; URLs and git repositories are asked for.

    Args:
        instruction: expanded.
        files: the context, or what ``--from`` means (`image_files` of a stage or image; `Context.files`).
        home: keeps what is fetched.
        workdir: what a relative destination is relative to.
        on_progress: hears what is fetched: name, bytes so far, bytes in all (0 if not known).
        stop: asked now and then; true ends it with `InterruptedError`.

    Raises:
        PathNotFound: a source is not there, or the ignore file excludes it.
        InvalidInput: a bad mode, or what cannot be a source (`check_sources`).
        DigestMismatch: a URL's content is not what ``--checksum`` says.
        NotSupported: git is not installed.
    """
    check_sources(instruction)
    with about(instruction.chmod):
        permissions = Permissions(instruction.chmod) if instruction.chmod else None
    sources: list[_Local | Remote] = []
    local: list[str] = []
    unpack = isinstance(instruction, Add) and instruction.unpack is not False

    def take_local() -> None:
        if local:
            parents = not isinstance(instruction, Add) and instruction.parents
            matches = select(files, local, parents=parents, exclude=instruction.exclude)
            sources.append(_Local(matches, unpack=unpack))
            local.clear()

    for source in instruction.sources:
        with about(source):
            remote = _remote(instruction, source, home, on_progress, stop) if isinstance(instruction, Add) else None
        if remote is None:
            local.append(source)
        else:
            take_local()
            sources.append(remote)
    take_local()
    return _PreparedCopy(instruction, tuple(sources), _absolute(instruction.dest, workdir), permissions, home)


def _remote(
    add: Add,
    source: str,
    home: Home,
    on_progress: Callable[[str, int, int], None] | None,
    stop: Callable[[], bool],
) -> Remote | None:
    if not may_be_remote(source):
        return None
    from .remote import open_remote

    return open_remote(add, source, home, on_progress=on_progress, stop=stop)


def _absolute(dest: str, workdir: str) -> bytes:
    """A destination from the root on; a slash (or ``/.``) at its end stays."""
    is_folder = dest in ("", ".") or dest.endswith(("/", "/."))
    path = posixpath.normpath(posixpath.join("/", workdir, dest)).lstrip("/")
    return encoded("/" + path + ("/" if is_folder and path else ""))


class _Local(NamedTuple):
    """Sources that are in `Files`."""

    matches: tuple[Match, ...]
    unpack: bool

    @property
    def inputs(self) -> tuple[KeyInput, ...]:
        return (files_input(self.matches),)


class _PreparedCopy:
    """A `CopyOp`."""

    def __init__(
        self,
        instruction: Copy | Add,
        sources: tuple[_Local | Remote, ...],
        dest: bytes,
        permissions: Permissions | None,
        home: Home,
    ) -> None:
        self._instruction = instruction
        self._sources = sources
        self._dest = dest
        self._permissions = permissions
        self._home = home
        # As BuildKit has it: modes of folders on the way would have to be known.
        self.link = instruction.link

    @property
    def inputs(self) -> tuple[KeyInput, ...]:
        return tuple(key_input for source in self._sources for key_input in source.inputs)

    def inputs_below(self, below: Image) -> tuple[KeyInput, ...]:
        inputs: tuple[KeyInput, ...] = ()
        owner = self._owner(below)
        if owner is not None:
            inputs = (KeyInput("owner", f"{owner.uid}:{owner.gid}"),)
        if owner is None and (self._permissions is None or self._permissions.octal is None):
            return inputs
        if isinstance(self._instruction, Add) and self._instruction.unpack is not False:
            # An archive leads to folders of its own.
            return (*inputs, KeyInput("parent", chain(below)))
        name, missing = self._dest.strip(b"/"), 0
        while name and ((there := below.files.nodes.get(name)) is None or not there.entry.is_dir):
            missing += 1
            name = parent_of(name)
        return (*inputs, KeyInput("folders", str(missing)))

    def _owner(self, below: Image) -> Owner | None:
        chown = self._instruction.chown
        with about(chown):
            return find_owner(below, chown) if chown else None

    def write(
        self, store: ContentStore, below: Image, keep: Keep, *, moment: int, epoch: int | None = None
    ) -> NewLayer | None:
        owner = self._owner(below)
        writer = DestinationWriter(
            FileTree.of(()) if self.link else below.files,
            owner=owner,
            permissions=self._permissions,
            moment=moment,
            epoch=epoch,
        )
        with ExitStack() as opened:
            self._place(writer, opened, moment)
            entries, origins = writer.result(linked_on=below.files if self.link else None)
            return _write(store, entries, origins, keep, reproducible=epoch is not None)

    def _place(self, writer: DestinationWriter, opened: ExitStack, moment: int) -> None:
        scratch = _scratch(self._home)
        matches: list[tuple[Match, bool]] = []
        for source in self._sources:
            if isinstance(source, _Local):
                matches += [(match, source.unpack) for match in source.matches]
            else:
                found, unpack = opened.enter_context(source.open())
                matches.append((found, unpack))
        matches += [(_document(heredoc, moment), False) for heredoc in self._instruction.heredocs]
        is_folder = self._dest.endswith(b"/") or self._is_folder(writer)
        # Of all that one wildcard fits, the last stays, as in BuildKit.
        several = len(self._instruction.sources) + len(self._instruction.heredocs) > 1
        for match, unpack in matches:
            archive = _archive(match, scratch) if unpack else None
            if archive is not None:
                writer.unpack(opened.enter_context(archive), archive.table, self._dest)
                continue
            if several and not is_folder and not match.top.is_dir:
                raise InvalidInput(
                    f"{self._instruction.name} of several sources to {shown(self._dest)}, which is no folder",
                    hint="Write a slash at the end of the destination",
                )
            with about(self._instruction.dest):
                writer.copy(match, self._dest)
        if not matches and self._instruction.parents if not isinstance(self._instruction, Add) else False:
            writer.make_folders(writer.real(self._dest))

    def _is_folder(self, writer: DestinationWriter) -> bool:
        there = writer.entry(writer.real(self._dest))
        return there is not None and there.is_dir


def _archive(match: Match, scratch: Path) -> ArchiveFiles | None:
    """The archive that a file is; None if it is none."""
    if not match.top.is_file or not match.top.size:
        return None
    from dockmagic.builder.sources.archive import ArchiveFiles, is_archive

    if not is_archive(content(match.files, match.top)):
        return None
    return ArchiveFiles(content(match.files, match.top), shown(match.base)[1:], scratch, owned=True)


def _document(heredoc: Heredoc, moment: int) -> Match:
    file = SingleFile(heredoc.name, heredoc.text.encode(), mode=0o644, mtime=moment, label="the Dockerfile")
    return Match(file, file.file.name, file.file)


def files_input(matches: Sequence[Match], subject: str = "") -> KeyInput:
    """The part of a key that says what `matches` hold."""
    return KeyInput("files", content_digest(matches), subject, partial(content_items, matches))


def image_files(image: Image, label: str, home: Home) -> Files:
    """The tree of an image as a source; `label` such as ``stage build``."""
    return ImageFiles(image, label, _scratch(home))


def make_folder(
    store: ContentStore,
    below: Image,
    path: str,
    keep: Keep,
    *,
    owner: str = "",
    moment: int,
    epoch: int | None = None,
) -> NewLayer | None:
    """WORKDIR: make the folder `path` and what leads to it, where it is not there yet; None if it is.

    Args:
        store: where to.
        below: the image so far; links in it are followed, inside its root only.
        path: absolute.
        keep: of the lease that this happens in.
        owner: ``USER[:GROUP]`` of new folders; root where it is empty or names nobody.
        moment: their mtime, in seconds.
        epoch: ``SOURCE_DATE_EPOCH``; no mtime is later.

    Raises:
        InvalidInput: something else is there.
    """
    writer = DestinationWriter(below.files, owner=find_user(below, owner), moment=moment, epoch=epoch)
    writer.make_folders(writer.real(encoded(path)))
    entries, origins = writer.result()
    return _write(store, entries, origins, keep, reproducible=epoch is not None)


def _write(
    store: ContentStore,
    entries: dict[bytes, Entry],
    origins: dict[bytes, FileOrigin],
    keep: Keep,
    *,
    reproducible: bool,
) -> NewLayer | None:
    if not entries:
        return None
    order = list(in_order(entries.values()))
    contents = _Contents([origins[entry.name] for entry in order if _has_content(entry)])
    size = sum(entry.size for entry in order)
    with LayerWriter(store, keep, size=size, reproducible=reproducible) as writer:
        for entry in order:
            writer.add(entry, contents.next(origins[entry.name]) if _has_content(entry) else ())
        writer.end()
        return writer.finish(expect=order)


def _has_content(entry: Entry) -> bool:
    return entry.type is EntryType.REGULAR and entry.size > 0


class _Contents:
    """The contents of files of several sources, each source asked once for all of its own."""

    def __init__(self, origins: Sequence[FileOrigin]) -> None:
        wanted: dict[int, tuple[Files, list[Entry]]] = {}
        for files, entry in origins:
            wanted.setdefault(id(files), (files, []))[1].append(entry)
        self._streams = {key: files.contents(entries) for key, (files, entries) in wanted.items()}

    def next(self, origin: FileOrigin) -> Iterator[Buffer]:
        return next(self._streams[id(origin.files)])


def _scratch(home: Home) -> Path:
    home.prepare()
    return home.root
