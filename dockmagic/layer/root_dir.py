"""A directory that is written below and never left: every step is one component, and no step follows a link."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["RootDir"]

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_LIMIT: Final = 200  # directories kept open: far below the usual limit of 1024 files
_ABSENT: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_NOT_FOR_UNLINK: Final = (errno.EISDIR, errno.EPERM)  # what unlink says of a directory, on Linux and elsewhere
_OWNER_ALL: Final = 0o700


class RootDir:
    """Opens directories below a root by name, and keeps some of them open. Names are bytes as in `Entry.name`.

    Directories that are in the way of who writes here (mode 0555, say) are opened up, and what they were is remembered.

    Args:
        root: the directory; it must exist.
        touch: whether modes may be changed to get in.

    Attributes:
        found: the state of each directory that was here before, when it was first opened.
    """

    def __init__(self, root: Path | bytes, *, touch: bool = True) -> None:
        self._touch = touch
        self.found: dict[bytes, os.stat_result] = {}
        self._made: set[bytes] = set()
        self._open: dict[bytes, int] = {b"": os.open(root, _DIRECTORY)}
        self._remember(b"", self._open[b""])

    def close(self) -> None:
        """Close all directories."""
        while self._open:
            os.close(self._open.popitem()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def directory(self, name: bytes) -> int:
        """A descriptor of a directory that exists; good until the next call that opens or removes.

        Raises:
            FileNotFoundError: it is not there.
            OSError: it, or what leads to it, is a link or no directory.
        """
        return self._reach(name, self._step)

    def make(self, name: bytes) -> int:
        """The same, with whatever is missing made, and whatever is no directory replaced by one."""
        return self._reach(name, self._make_step)

    def parent(self, name: bytes) -> tuple[int, bytes]:
        """The directory that `name` is in, made if need be, and its last component."""
        directory, _, base = name.rpartition(b"/")
        opened = self._open.get(directory)
        return (self.make(directory) if opened is None else opened), base

    def exists(self, name: bytes) -> os.stat_result | None:
        """What is at `name` itself, None if nothing."""
        directory, _, base = name.rpartition(b"/")
        try:
            return os.stat(base or b".", dir_fd=self.directory(directory), follow_symlinks=False)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise

    def clear(self, name: bytes, keep: Callable[[bytes], bool] | None = None) -> None:
        """Remove `name` and all below it.

        Args:
            name: what is removed, if it is there.
            keep: names for which this holds stay, and so does `name` itself.
        """
        doomed = list(self.below(name))
        if keep is None:
            doomed.insert(0, name)
        for victim in reversed(doomed):
            if keep is not None and keep(victim):
                continue
            directory, _, base = victim.rpartition(b"/")
            try:
                descriptor = self.directory(directory)
                os.unlink(base, dir_fd=descriptor)
            except OSError as error:
                if error.errno in _ABSENT:
                    continue
                if error.errno not in _NOT_FOR_UNLINK:
                    raise
                self._forget(victim)
                os.rmdir(base, dir_fd=descriptor)

    def below(self, name: bytes) -> Iterator[bytes]:
        """Everything below a directory, each before what is in it; nothing if it is none."""
        todo = [name]
        while todo:
            directory = todo.pop()
            try:
                descriptor = self.directory(directory)
            except OSError as error:
                if error.errno in _ABSENT:
                    continue
                raise
            with os.scandir(descriptor) as found:
                for item in found:
                    base = os.fsencode(item.name)
                    path = directory + b"/" + base if directory else base
                    yield path
                    if item.is_dir(follow_symlinks=False):
                        todo.append(path)

    def _reach(self, name: bytes, step: Callable[[bytes, int, bytes], int]) -> int:
        opened = self._open.get(name)
        if opened is not None:
            return opened
        parts = name.split(b"/")
        # From the nearest directory that is open, downwards.
        depth = len(parts) - 1
        while depth and b"/".join(parts[:depth]) not in self._open:
            depth -= 1
        here = b"/".join(parts[:depth])
        descriptor = self._open[here]
        for part in parts[depth:]:
            here = here + b"/" + part if here else part
            descriptor = step(here, descriptor, part)
            self._keep(here, descriptor)
        return descriptor

    def _step(self, name: bytes, parent: int, base: bytes) -> int:
        try:
            descriptor = os.open(base, _DIRECTORY, dir_fd=parent)
        except PermissionError:
            # Ours, but closed to us: no link, as the mode of a link is never in the way.
            before = os.stat(base, dir_fd=parent, follow_symlinks=False)
            if not self._touch or not stat.S_ISDIR(before.st_mode):
                raise
            os.chmod(base, stat.S_IMODE(before.st_mode) | _OWNER_ALL, dir_fd=parent)
            self.found.setdefault(name, before)
            descriptor = os.open(base, _DIRECTORY, dir_fd=parent)
        self._remember(name, descriptor)
        return descriptor

    def _make_step(self, name: bytes, parent: int, base: bytes) -> int:
        try:
            return self._step(name, parent, base)
        except FileNotFoundError:
            pass
        except OSError:  # a link (ELOOP), or a file (ENOTDIR)
            if stat.S_ISDIR(os.stat(base, dir_fd=parent, follow_symlinks=False).st_mode):
                raise
            os.unlink(base, dir_fd=parent)
        os.mkdir(base, _OWNER_ALL, dir_fd=parent)
        self._made.add(name)
        return os.open(base, _DIRECTORY, dir_fd=parent)

    def _remember(self, name: bytes, descriptor: int) -> None:
        if name in self._made or name in self.found:
            return
        before = os.fstat(descriptor)
        self.found[name] = before
        if self._touch and before.st_uid == os.geteuid() and before.st_mode & _OWNER_ALL != _OWNER_ALL:
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode) | _OWNER_ALL)

    def _keep(self, name: bytes, descriptor: int) -> None:
        if len(self._open) > _OPEN_LIMIT:
            for old in [other for other in self._open if other][: _OPEN_LIMIT // 2]:
                os.close(self._open.pop(old))
        self._open[name] = descriptor

    def _forget(self, name: bytes) -> None:
        below = name + b"/"
        for gone in [other for other in self._open if other == name or other.startswith(below)]:
            os.close(self._open.pop(gone))
        self.found.pop(name, None)
        self._made.discard(name)
