"""Leases: what running work relies on, as long as it runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from .home import disk_errors
from .lock import lock, try_lock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.oci.digest import Digest

    from .home import Home

__all__ = ["Lease", "is_held"]


class Lease:
    """Keeps the collector from blobs that running work will name at its end; a context manager.

    Call it with further digests. Ask what is here only after the lease has it. It ends with the block, or with the
    process.

    Args:
        home: where.
        digests: of blobs, here or to come.

    Attributes:
        name: tells `is_held` which one it is.
    """

    def __init__(self, home: Home, digests: Iterable[Digest] = ()) -> None:
        self.name = f"{os.getpid()}.{os.urandom(8).hex()}"
        self._home = home
        self._first = digests

    def __enter__(self) -> Self:
        self._home.prepare()
        # The collector holds this lock alone while it looks and deletes: a lease comes wholly before, or wholly after.
        with self._home.lock("gc", shared=True), disk_errors():
            self._file = (self._home.leases / self.name).open("xb", buffering=0)
            lock(self._file.fileno())
        try:
            self(self._first)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __call__(self, digests: Iterable[Digest]) -> None:
        """Keep these, too."""
        with self._home.lock("gc", shared=True), disk_errors():
            self._file.write(b"".join(f"{digest}\n".encode() for digest in digests))

    def __exit__(self, *_: object) -> None:
        (self._home.leases / self.name).unlink(missing_ok=True)
        self._file.close()


def is_held(home: Home, name: str) -> bool:
    """Whether the work goes on that has the lease `name`, in whichever process."""
    try:
        with (home.leases / name).open("rb") as file:
            return not try_lock(file.fileno(), shared=True)
    except FileNotFoundError:
        return False
