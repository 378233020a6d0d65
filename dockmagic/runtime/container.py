"""A container: an image, one writable layer on top of it, and the program that runs in it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from dockmagic.docker_py import missing_attribute, refuses
from dockmagic.oci.errors import Conflict, DockmagicError, NotFound, NotSupported

from .container_files import ContainerFiles
from .container_process import ContainerProcess
from .machine.removal import remove_folders
from .machine.work import work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import PurePath
    from typing import BinaryIO

    from dockmagic.image.image import Image
    from dockmagic.rows import ProcessRow, Rows

    from .actions import ContainerActions
    from .completed import Completed

__all__ = ["Container"]


class Container(ContainerProcess, ContainerFiles):
    """One container of a home; see `ContainerRecord` for its arguments."""

    if not TYPE_CHECKING:  # type checkers go on refusing unknown names
        __getattr__ = missing_attribute("Container")

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._actions, self.id)

    @property
    def _actions(self) -> ContainerActions:
        if self.actions is None:
            raise NotSupported(
                "the container does not belong to an engine", hint="Get it from one: Engine().containers.get(NAME)"
            )
        return self.actions

    @refuses("Container.commit")
    def commit(
        self,
        name: str = "",
        *,
        author: str = "",
        message: str = "",
        changes: Sequence[str] = (),
        pause: bool = True,
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> Image:
        """Make an image of it; see `Containers.commit` for the options."""
        found: Image = self._actions.commit(
            self, name, author=author, message=message, changes=changes, pause=pause, on_notice=on_notice
        )
        return found

    def rename(self, name: str) -> Container:
        """Give it another name; the container as it is called now."""
        found: Container = self._actions.rename(self, name)
        return found

    def inspect(self) -> dict[str, Any]:
        """What ``inspect`` says of it, in docker's form."""
        return self._actions.inspect(self)

    @refuses("Container.export")
    def export(self, out: BinaryIO) -> None:
        """Write its file system as a tar: its layers, without volumes."""
        self._actions.export(self, out)

    def copy_from(
        self,
        path: str,
        target: str | os.PathLike[str] | BinaryIO,
        *,
        follow: bool = False,
        keep_owners: bool = False,
    ) -> int:
        """Copy a file or folder of it to this machine; see `Containers.copy_from`."""
        return self._actions.copy_from(self, path, target, follow=follow, keep_owners=keep_owners)

    def copy_to(
        self,
        source: str | os.PathLike[str] | BinaryIO,
        path: str,
        *,
        follow: bool = False,
        keep_owners: bool = False,
    ) -> int:
        """Copy a file or folder of this machine into it; see `Containers.copy_to`."""
        return self._actions.copy_to(self, source, path, follow=follow, keep_owners=keep_owners)

    def top(self) -> Rows[ProcessRow]:
        """Its processes, as rows.

        Raises:
            Conflict: it does not run.
        """
        return self._actions.processes(self)

    def execute(
        self,
        command: str | Sequence[str],
        *,
        env: Mapping[str, Any] | Sequence[str] = (),
        workdir: str | PurePath = "",
        user: str | int = "",
        check: bool = False,
        input: bytes | str | None = None,  # noqa: A002  (as in subprocess.run)
        timeout: float | None = None,
        on_output: Callable[[int, bytes], None] | None = None,
    ) -> Completed:
        """Run one more program in it, and wait for its end; see `Containers.execute`."""
        return self._actions.execute(
            self,
            command,
            env=env,
            workdir=workdir,
            user=user,
            check=check,
            input=input,
            timeout=timeout,
            on_output=on_output,
        )

    def make_workdir(self) -> None:
        """Make its working folder before it ever runs, as docker's ``create`` does; a start makes it by itself.

        Raises:
            InvalidInput: there is something else; the container is removed.
        """
        record = self.record
        # Mostly the image has it, which its layers tell without a worker.
        if any(os.path.isdir(f"{record.layers_folder}/{layer}/{record.cwd}") for layer in record.layers):
            return
        try:
            # In its own layer, under whatever will be mounted there.
            spec = self.spec() | {"mounts": [], "read_only": False}
            work(self.isolation, "make_workdir", spec=spec, path=record.cwd)
        except DockmagicError:
            self.remove(volumes=True)
            raise

    @refuses("Container.remove")
    def remove(self, *, force: bool = False, volumes: bool = False) -> None:
        """Take it away with its writable layer and its log.

        Args:
            force: kill it if it runs.
            volumes: its anonymous volumes too.

        Raises:
            Conflict: it runs, and `force` is not set.
            NotFound: it is gone already.
        """
        status, isolation = self.state.status, self.isolation
        if status in ("running", "paused"):
            if not force:
                if status == "paused":
                    raise Conflict(
                        f"You cannot remove a paused container {self.id}. Unpause and then stop the container before "
                        "attempting removal or force remove",
                        hint=f"Type `unpause {self.name}` and `stop {self.name}`, or `rm -f {self.name}`",
                    )
                raise Conflict(
                    f'cannot remove container "/{self.name}": container is running',
                    hint=f"Stop it first: `stop {self.name}`, or use `rm -f {self.name}`",
                )
            with contextlib.suppress(Conflict):
                self.kill()
                self.wait()
        trash = self.folder.with_name(f".gone-{self.id}")
        try:
            self.folder.rename(trash)
        except FileNotFoundError:
            raise NotFound(f"there is no container {self.name} any more") from None
        remove_folders(isolation, [str(trash), *(self.anonymous_volumes() if volumes else ())])


def _reopen(actions: Any, identity: str) -> Container:
    found: Container = actions.get(identity)
    return found
