"""Where copied files go in an image, and what that makes of its tree: no file is touched, only entries are made.

The rules are those of BuildKit's copier: a folder's content is copied, folders are merged, files are replaced, links in
the destination are followed inside the root, and nothing takes the place of another kind of thing in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from dockmagic.builder.sources.files import base_of, join, parent_of, real_name, shown
from dockmagic.layer.compare import differences
from dockmagic.layer.entry import Entry, EntryType
from dockmagic.layer.tree import sort_key
from dockmagic.layer.whiteout import has_whiteout_name
from dockmagic.oci.errors import InvalidInput, NotSupported

from .owners import ROOT, Owner

if TYPE_CHECKING:
    from dockmagic.builder.sources.files import Files
    from dockmagic.layer.toc import LayerTOC
    from dockmagic.layer.tree import FileTree

    from .permissions import Permissions
    from .selection import Match

__all__ = ["DestinationWriter", "FileOrigin"]

_FOLDER_MODE: Final = 0o755


class FileOrigin(NamedTuple):
    """Where the content of a file comes from: an entry of some files."""

    files: Files
    entry: Entry


class DestinationWriter:
    """What a COPY or ADD puts on top of a tree.

    Args:
        below: the tree so far.
        owner: of all that is put there; None keeps the owner that each has in its source.
        permissions: ``--chmod``; None keeps modes.
        moment: mtime of folders that are made on the way, in seconds.
        epoch: no mtime is later, in seconds; None for no limit.
    """

    def __init__(
        self,
        below: FileTree,
        *,
        owner: Owner | None = None,
        permissions: Permissions | None = None,
        moment: int = 0,
        epoch: int | None = None,
    ) -> None:
        self._below = below
        self._owner = owner
        self._permissions = permissions
        self._moment = moment
        self._epoch = epoch
        self._entries: dict[bytes, Entry] = {}
        self._origins: dict[bytes, FileOrigin] = {}
        self._made: set[bytes] = set()  # folders that only lead somewhere
        self._hidden: set[bytes] = set()  # folders below that something else has taken the place of

    # What there is

    def entry(self, name: bytes) -> Entry | None:
        """What is at `name` by now."""
        found = self._entries.get(name)
        if found is not None:
            return found
        node = self._below.nodes.get(name)
        if node is None or (self._hidden and self._is_hidden(name)):
            return None
        return node.entry

    def _is_hidden(self, name: bytes) -> bool:
        while name:
            if name in self._hidden:
                return True
            name = parent_of(name)
        return False

    def real(self, path: bytes) -> bytes:
        """The name that `path` has once links are followed inside the root."""
        return real_name(self.entry, path)

    # COPY

    def copy(self, match: Match, dest: bytes) -> None:
        """Put one source at `dest`, an absolute path, which ends with a slash (or ``/.``) if it is a folder for sure.

        Raises:
            InvalidInput: a folder would go where a file is, or the other way round.
            NotSupported: a name that no layer can hold.
        """
        is_folder = dest.endswith((b"/", b"/."))
        self.make_folders(self.real(dest if is_folder else parent_of(dest)))
        name = self.real(dest)
        there = self.entry(name)
        if not match.top.is_dir:
            if there is not None and there.is_dir:
                name = join(name, match.base)
            self.make_folders(parent_of(name))
            self._put(name, match.files, match.top)
            return
        self.make_folders(parent_of(name))
        if there is None:
            self.make_folders(name)
        elif not there.is_dir:
            raise InvalidInput(f"cannot copy to non-directory: {shown(name)}", hint="Name another path")
        if name in self._made:
            # It has the time of what it is a copy of, and nothing else of it.
            self._entries[name] = replace(self._entries[name], mtime=self._clamped(match.top.mtime))
        for entry in match.below:
            inner = join(name, match.inner(entry))
            if entry.is_dir:
                self._merge(inner, entry, only_if_new=entry.name in match.loose)
            else:
                self._put(inner, match.files, entry)

    def make_folders(self, name: bytes) -> None:
        """Make the folder `name` and what leads to it, as far as it is not there.

        Raises:
            InvalidInput: something else is there.
        """
        missing = []
        while name:
            there = self.entry(name)
            if there is not None:
                if not there.is_dir:
                    raise InvalidInput(f"{shown(name)} is not a directory", hint="Name another path")
                break
            missing.append(name)
            name = parent_of(name)
        owner = self._owner or ROOT
        mode = _FOLDER_MODE
        if self._permissions is not None and self._permissions.octal is not None:
            mode = self._permissions.octal
        for folder in reversed(missing):
            self._entries[folder] = Entry(
                folder, EntryType.DIRECTORY, mode, owner.uid, owner.gid, 0, self._clamped(self._moment)
            )
            self._made.add(folder)

    def _merge(self, name: bytes, entry: Entry, *, only_if_new: bool) -> None:
        there = self.entry(name)
        if there is not None and not there.is_dir:
            raise InvalidInput(f"cannot copy to non-directory: {shown(name)}", hint="Name another path")
        if there is not None and only_if_new:
            return
        made = self._dressed(name, entry)
        if there is not None and there.xattrs:
            made = replace(made, xattrs=dict(sorted({**there.xattrs, **(made.xattrs or {})}.items())))
        self._entries[name] = made
        self._made.discard(name)

    def _put(self, name: bytes, files: Files, entry: Entry) -> None:
        there = self.entry(name)
        if there is not None and there.is_dir:
            raise InvalidInput(f"cannot replace to directory {shown(name)} with file", hint="Name another path")
        self._set(name, files, entry)

    def _set(self, name: bytes, files: Files, entry: Entry) -> None:
        if has_whiteout_name(base_of(name)):
            raise NotSupported(
                f"{shown(name)} cannot be put in a layer: names that begin with .wh. mean removal there",
                hint="Rename the file",
            )
        self._entries[name] = self._dressed(name, entry)
        self._origins[name] = FileOrigin(files, entry)

    def _dressed(self, name: bytes, entry: Entry) -> Entry:
        """`entry` as it is in the image."""
        mode = entry.mode
        if self._permissions is not None and not entry.is_symlink:
            mode = self._permissions(mode, is_dir=entry.is_dir)
        owner = self._owner or Owner(entry.uid, entry.gid)
        return replace(
            entry, name=name, mode=mode, uid=owner.uid, gid=owner.gid, mtime=self._clamped(entry.mtime), sparse=None
        )

    def _clamped(self, mtime: int) -> int:
        return mtime if self._epoch is None else min(mtime, self._epoch)

    # ADD of an archive

    def unpack(self, files: Files, table: LayerTOC, dest: bytes) -> None:
        """Put what is in an archive into the folder `dest`, as if it were unpacked there.

        Links in the way are followed inside the root, and only where the archive does not mention the folder itself; a
        file takes the place of what was there, whatever it was. ``--chmod`` does not concern archives.

        Raises:
            InvalidInput: a folder that leads to an entry is something else.
            NotSupported: a name that no layer can hold.
        """
        permissions, self._permissions = self._permissions, None
        top = self.real(dest)
        self.make_folders(top)
        places = {b"": top}
        for entry in table.entries:
            if not entry.name:
                continue  # "./" says nothing of the destination, as in docker
            name = join(places[parent_of(entry.name)], base_of(entry.name))
            if entry.name in table.implied:
                name = self.real(name)
                self.make_folders(name)
            elif entry.is_dir:
                self._replace(name, entry)
                self._entries[name] = self._dressed(name, entry)
                self._made.discard(name)
            else:
                self._replace(name, entry)
                self._set(name, files, entry)
            if entry.is_dir:
                places[entry.name] = name
        self._permissions = permissions

    def _replace(self, name: bytes, entry: Entry) -> None:
        """Make way for `entry`."""
        there = self.entry(name)
        if there is None or not there.is_dir or entry.is_dir:
            return
        self._hidden.add(name)
        below = name + b"/"
        for gone in [other for other in self._entries if other.startswith(below)]:
            del self._entries[gone]
            self._origins.pop(gone, None)
            self._made.discard(gone)

    # What comes of it

    def result(self, *, linked_on: FileTree | None = None) -> tuple[dict[bytes, Entry], dict[bytes, FileOrigin]]:
        """The entries of the layer by name, and for regular files among them where their content is.

        Args:
            linked_on: what a layer that was placed on nothing will lie on (``--link``). Folders that only lead
                somewhere are left out where they are there already, or are as every engine makes them anyway.
        """
        entries = self._linked()
        changed = {name for name, entry in entries.items() if self._is_changed(entry)}
        if linked_on is not None:
            changed -= {name for name in self._made if _goes_without_saying(entries[name], linked_on)}
        groups: dict[bytes, list[bytes]] = {}
        for name, entry in entries.items():
            if entry.type is EntryType.HARDLINK:
                groups.setdefault(entry.link, [entry.link]).append(name)
        for names in groups.values():
            if not changed.isdisjoint(names):
                changed.update(names)  # if one name of a file is written all are, so that they stay one file
        result = {name: entries[name] for name in changed}
        if linked_on is None:
            for name in changed:
                self._add_parents(name, result)
        origins = {name: self._origins[name] for name, entry in result.items() if entry.type is EntryType.REGULAR}
        return result, origins

    def _linked(self) -> dict[bytes, Entry]:
        """The entries, those of one file told as links of the first of them."""
        first: dict[tuple[int, bytes], bytes] = {}
        entries = dict(self._entries)
        for name in sorted(self._origins, key=sort_key):
            files, source = self._origins[name]
            if not source.is_file:
                continue
            identity = (id(files), source.link if source.type is EntryType.HARDLINK else source.name)
            other = first.setdefault(identity, name)
            entry = replace(entries[name], type=EntryType.REGULAR, link=b"")
            # What was copied twice is two files, unless the source had two names for it.
            if other != name and self._origins[other].entry.name != source.name:
                entry = entries[other].linked(name)
            entries[name] = entry
        return entries

    def _is_changed(self, entry: Entry) -> bool:
        node = self._below.nodes.get(entry.name)
        if node is None or self._is_hidden(entry.name):
            return True
        found = set(differences(node.entry, entry))
        if entry.is_dir:
            found.discard("mtime")  # it changes with what is in it, and says nothing
        return bool(found)

    def _add_parents(self, name: bytes, result: dict[bytes, Entry]) -> None:
        parent = parent_of(name)
        while parent and parent not in result:
            found = self.entry(parent)
            if found is None:
                return
            result[parent] = replace(found, mtime=self._clamped(found.mtime))
            parent = parent_of(parent)


def _goes_without_saying(folder: Entry, below: FileTree) -> bool:
    """Whether a folder that leads to something in a layer needs no entry of its own on top of `below`."""
    if (folder.mode, folder.uid, folder.gid) == (_FOLDER_MODE, *ROOT):
        return True  # every engine makes it so
    there = below.nodes.get(folder.name)
    return there is not None and there.entry.is_dir
