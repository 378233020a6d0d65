"""The folder that everything is kept in: the only place that makes paths, and the locks that guard them."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from dockmagic.oci.errors import OutOfSpace, StoreError, StoreTooNew

from . import private
from .lock import lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.oci.digest import Digest

__all__ = ["VERSION", "Home", "disk_errors"]

#: The form of what lies in a home; raised when an older dockmagic could no longer read it.
VERSION: Final = 1
_Known = TypeVar("_Known")
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Home:
    """One dockmagic home: images, file tables, downloads in progress, caches. Creates nothing until it is written to.

    Several processes may use it at once.

    Args:
        root: the folder; None for ``$DOCKMAGIC_HOME``, else the user's data folder (XDG).
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        chosen = root or os.environ.get("DOCKMAGIC_HOME")
        if not chosen:
            from platformdirs import user_data_path

            chosen = user_data_path("dockmagic", appauthor=False)
        self.root = Path(chosen).expanduser().absolute()
        self._checked = False
        private.close(self.root)

    def __repr__(self) -> str:
        return f"Home({str(self.root)!r})"

    @property
    def store(self) -> Path:
        """The OCI image layout."""
        return self.root / "store"

    @property
    def index(self) -> Path:
        """The image layout's ``index.json``."""
        return self.root / "store" / "index.json"

    def blob(self, digest: Digest) -> Path:
        """Where a whole, verified blob lies in the image layout."""
        return self.root / "store" / "blobs" / "sha256" / digest.hex

    def table(self, diff_id: Digest) -> Path:
        """Where the file table of the layer with this DiffID lies."""
        return self.root / "tables" / diff_id.hex

    def partial(self, digest: Digest) -> Path:
        """Where the first bytes of a blob wait for the rest."""
        return self.root / "partial" / digest.hex

    def cache(self, name: str) -> Path:
        """A file or folder that may be deleted at any time and is then made anew."""
        return self.root / "cache" / name

    @property
    def scratch(self) -> Path:
        """Where containers and unpacked layers lie: here, or in a folder of this home's in ``$DOCKMAGIC_SCRATCH``."""
        elsewhere = os.environ.get("DOCKMAGIC_SCRATCH")
        if not elsewhere:
            return self.root
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        folder = Path(elsewhere).expanduser().absolute() / f"dockmagic-{name}"
        private.close(folder, own=True)
        return folder

    @property
    def layers(self) -> Path:
        """Unpacked layers, one folder for each form that they lie in."""
        return self.scratch / "layers"

    @property
    def containers(self) -> Path:
        """One folder for each container, named by its ID."""
        return self.scratch / "containers"

    @property
    def volumes(self) -> Path:
        """One folder for each volume, named as it is."""
        return self.root / "volumes"

    @property
    def builds(self) -> Path:
        """What builds leave: records of their steps, what is known of contexts, what was fetched, cache mounts."""
        return self.root / "builds"

    @property
    def leases(self) -> Path:
        """One file per running piece of work, with the digests that it relies on."""
        return self.root / "leases"

    @property
    def trash(self) -> Path:
        """What was deleted, until `empty_trash`."""
        return self.root / "trash"

    def prepare(self) -> None:
        """Make the folders, if they are not there, before something is written.

        Raises:
            StoreTooNew: a later version of dockmagic wrote here.
            OutOfSpace: the disk is full.
            StoreError: the folder cannot be written to.
        """
        self.check()
        if (self.store / "oci-layout").is_file():
            return
        with disk_errors():
            for folder in (self.store / "blobs" / "sha256", self.root / "tables", self.root / "partial", self.leases):
                self.make(folder)
            self.write(self.root / "version", f"{VERSION}\n".encode())
            # Last, for it says that all the rest is there (image specification, image-layout.md, "oci-layout file").
            self.write(self.store / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')

    def make(self, folder: Path) -> None:
        """Make a folder of this home and those above it; its topmost one is closed to the machine's other users.

        Raises:
            OutOfSpace: the disk is full.
            StoreError: the home cannot be written to.
        """
        with disk_errors():
            private.make(self.root if folder.is_relative_to(self.root) else self.scratch, folder)

    def check(self) -> None:
        """Refuse a home of a later version.

        Raises:
            StoreTooNew: a later version of dockmagic wrote here.
        """
        if self._checked:
            return
        try:
            found = (self.root / "version").read_text("utf-8", "replace").strip()
        except FileNotFoundError:
            return
        if not found.isdecimal() or int(found) > VERSION:
            raise StoreTooNew(f"{self.root} has the form {found[:20]}; this dockmagic knows forms up to {VERSION}")
        self._checked = True

    def write(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """Replace the file `path` at once: readers see the old or the new content. Only its owner may read it.

        Args:
            path: the file.
            data: its new content.
            durable: after a power failure too; not needed for what can be made anew.

        Raises:
            OutOfSpace: the disk is full; the old content stays.
        """
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        with disk_errors():
            self.make(path.parent)
            try:
                with os.fdopen(os.open(temporary, _NEW, private.FILE_MODE), "wb") as file:
                    file.write(data)
                    if durable:
                        file.flush()
                        os.fsync(file.fileno())
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise

    def recall(self, path: Path, kind: type[_Known]) -> _Known | None:
        """What was written as JSON for the next time; None if it is not there, or damaged, and to be found out anew."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
            return None

    @contextmanager
    def lock(self, name: str, *, shared: bool = False, stop: Callable[[], bool] | None = None) -> Iterator[None]:
        """Hold a lock among all processes and threads that use this home; it goes with the process that held it.

        Args:
            name: what is locked.
            shared: whether others may hold it too, as long as all share.
            stop: asked while waiting; when it returns true, waiting ends with `InterruptedError`.

        Raises:
            StoreError: the home cannot be written to.
        """
        folder = self.root / "locks"
        with disk_errors():
            self.make(folder)
            descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, private.FILE_MODE)
        try:
            lock(descriptor, shared=shared, stop=stop)
            yield
        finally:
            os.close(descriptor)

    def discard(self, path: Path) -> bool:
        """Delete a file or folder at once, by moving it into the trash; whether it was there."""
        with disk_errors():
            self.make(self.trash)
            try:
                path.rename(self.trash / f"{path.name}.{os.urandom(8).hex()}")
            except FileNotFoundError:
                return False
        return True

    def empty_trash(self) -> None:
        """Delete for good what was discarded."""
        try:
            entries = list(os.scandir(self.trash))
        except FileNotFoundError:
            return
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                import shutil

                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Tell of a full or read-only disk in the project's own words.

    Raises:
        OutOfSpace: the disk or the quota is full.
        StoreError: the folder cannot be written to.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutOfSpace("no space is left on the disk that holds the images") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            where = error.filename or "the folder"
            raise StoreError(
                f"{where} cannot be written to: {os.strerror(error.errno)}",
                hint="Set DOCKMAGIC_HOME to a folder of your own",
            ) from error
        raise
