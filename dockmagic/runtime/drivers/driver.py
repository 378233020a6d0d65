"""The base of drivers: what a way to run containers needs, what it can hold, and how programs are started by it.

Imported by the shim, so what takes time to import is imported where it is used.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from dockmagic.image.image import Image
    from dockmagic.layer.toc import LayerTOC
    from dockmagic.runtime.init.container_init import ContainerInit

    from .means import Means
    from .mount_request import MountRequest

__all__ = ["Driver"]


class Driver:
    """A way to run containers. `table.DRIVERS` has all of them, the best first.

    What is written here holds where namespaces can be made and files can belong to several users; a driver with less
    says so. Everything else about a container asks its driver, and none which one it is.

    Attributes:
        name: the tier, as ``DOCKMAGIC_TIER`` takes it and containers on disk name it.
        about: what it is, for ``info``.
        mounts: whether a container has mounts of its own: volumes, folders, a read-only root. Where it has none, what
            its image declares as ``VOLUME`` is a plain folder.
        mounts_snapshots: whether the root file system may be mounted.
        carries_mounts: whether the mounts of a build's steps are brought in and taken out by copying.
        owners: how files on disk show their owners, a value of `dockmagic.layer.disk_format.OwnerPolicy`.
        users: whom a program may become, as `process.prepare` takes it.
        preload: modules that `init` imports, for who starts many shims.
        preload_commit: modules that a worker imports for a commit, for who starts many workers.
    """

    name = ""
    about = ""
    mounts = True
    mounts_snapshots = True
    carries_mounts = False
    owners = "keep"
    users = "any"
    preload: tuple[str, ...] = ()
    preload_commit: tuple[str, ...] = ("runtime.worker.main", "snapshot.commit")

    @property
    def keeps_owners(self) -> bool:
        """Whether files can belong to several users; else their owners are only noted down."""
        return self.owners == "keep"

    # ------------------------------------------------------------------ this machine

    def find(self) -> Means:
        """What it would use here.

        Raises:
            NotSupported: something is missing; says what, and how to get it.
        """
        raise NotImplementedError

    def attempt(self, means: Means) -> None:
        """Do once what can be tried without a folder.

        Raises:
            NotSupported: it does not work here.
        """

    def probe(self, folder: str) -> None:
        """Do once, as owner of the files and in the namespaces that a container gets, all that one needs.

        Args:
            folder: that will hold root file systems; nothing is left in it.

        Raises:
            NotSupported: it does not work here.
        """

    @property
    def explains(self) -> bool:
        """Whether it is for this user, where no driver works, the one whose reason helps most."""
        return False

    # ------------------------------------------------------------------ what it can hold

    def refuse(self, *, network: str, read_only: bool, mounts: Sequence[MountRequest], init: bool = False) -> None:
        """Refuse what is asked for and cannot be had.

        Raises:
            NotSupported: with the reason.
        """

    def unheld(self, *, groups: Sequence[str], cap_add: Sequence[str]) -> list[str]:
        """One line for each option that has no effect, though the container runs."""
        del cap_add
        if groups and not self.keeps_owners:
            return ["--group-add has no effect: there is one user only here, who cannot join groups (see info)"]
        return []

    def capabilities(self) -> frozenset[str]:
        """Names of the capabilities that can be given: all that this process has."""
        from pathlib import Path

        from dockmagic.linux.capabilities import names_of

        lines = Path("/proc/self/status").read_text().splitlines()
        rows = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        return frozenset(names_of(int(rows["CapPrm"], 16)))

    def network_refusal(self, network: str) -> str:
        """Why nothing that reaches the machine's network is given; empty if it is.

        Args:
            network: ``host``, or empty if that was not written out.
        """
        del network
        return "the network is this machine's, and containers here have no rights over it"

    #: What to do about `network_refusal`.
    network_hint = "Use --network none, where the network is the container's own"

    def check_commit(self) -> None:
        """Refuse to make layers where nothing tells whose the files are.

        Raises:
            NotSupported: with the reason.
        """

    def commit_warnings(self, table: LayerTOC, below: Image) -> list[str]:
        """One line for each kind of thing that may be wrong in the layer of a container.

        Args:
            table: of the layer.
            below: the image.
        """
        del table, below
        return []

    # ------------------------------------------------------------------ processes

    def init(self, spec: dict[str, Any]) -> ContainerInit:
        """How programs of a container are started, entered and ended. For the shim, and before it forks anything."""
        raise NotImplementedError

    def probe_flags(self, isolation: dict[str, Any]) -> int:
        """The namespaces that a worker gets that does `probe`, as clone(2) takes them."""
        del isolation
        return 0

    def worker_flags(self, isolation: dict[str, Any]) -> int:
        """The namespaces that any other worker gets."""
        del isolation
        return 0

    def tree(self, spec: dict[str, Any], pid: int) -> AbstractContextManager[str]:
        """Have a container's whole tree, with its volumes, as long as the block lasts. For a worker.

        Args:
            spec: of the container.
            pid: of its first process; 0 if it does not run.

        Returns:
            A context manager that gives the path of its root.
        """
        del pid
        return nullcontext(f"{spec['folder']}/merged")
