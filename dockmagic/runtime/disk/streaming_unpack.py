"""Layers that are unpacked while they come: who runs what is not here yet goes over its bytes once, not twice."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.image.transfer.fetch import record
from dockmagic.image.transfer.pull import pull
from dockmagic.layer.toc import LayerTOC
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import NotSupported
from dockmagic.oci.protocols import ignore_progress
from dockmagic.runtime.machine.fork_server import ForkServer
from dockmagic.runtime.machine.tiers import choose
from dockmagic.runtime.machine.work import Work
from dockmagic.snapshot.layers import key_of

from . import layers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.image.transfer.fetch import Ingest, Intake
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor
    from dockmagic.runtime.machine.isolation import Isolation
    from dockmagic.store.content import ContentStore
    from dockmagic.store.home import Home

__all__ = ["pull_unpacked"]

_PIPE: Final = 1 << 20  # bytes on their way to a worker: the most that an ordinary user may have


def pull_unpacked(
    source: ImageSource,
    store: ContentStore,
    ref: Reference,
    *,
    platform: Platform | None = None,
    on_progress: Progress = ignore_progress,
    on_notice: Callable[[str], None] = lambda _: None,
) -> Image:
    """As `transfer.pull`, with layers unpacked as containers will need them.

    Where no container can run, or each gets a copy of a whole tree, it is no more than that.
    """
    with _unpacking(store.home) as intake:
        return pull(source, store, ref, platform=platform, on_progress=on_progress, on_notice=on_notice, intake=intake)


@contextlib.contextmanager
def _unpacking(home: Home) -> Iterator[Intake]:
    try:
        isolation = choose(home)
    except NotSupported:
        isolation = None
    if isolation is None or not isolation.snapshots.shares_layers:
        yield record
        return
    with layers.in_use(home), ForkServer("runtime.worker.main", "snapshot.unpack") as fork_server:
        yield _Crew(home, isolation, fork_server).intake


class _Crew:
    """The workers of one pull: one for each layer, as layers come side by side."""

    def __init__(self, home: Home, isolation: Isolation, fork_server: ForkServer) -> None:
        self._home = home
        self._folder = home.layers / isolation.form_name
        self._isolation = isolation
        self._fork_server = fork_server

    @contextlib.contextmanager
    def intake(self, desc: Descriptor, diff_id: Digest) -> Iterator[Ingest]:
        """Take in one layer; called in several threads at once."""
        key = key_of(diff_id)
        if (self._folder / key).exists():
            with record(desc, diff_id) as ingest:
                yield ingest
            return
        self._home.make(self._folder)
        with tempfile.TemporaryFile() as table, contextlib.ExitStack() as opened:
            source, sink = os.pipe2(os.O_CLOEXEC)
            pipe = opened.enter_context(os.fdopen(sink, "wb", buffering=0))
            with os.fdopen(source, "rb", buffering=0), self._fork_server.serving():
                fcntl.fcntl(source, fcntl.F_SETPIPE_SZ, _PIPE)
                task = Work(
                    self._isolation,
                    "unpack_arriving",
                    descriptors=(source, table.fileno()),
                    folder=str(self._folder),
                    layer={"key": key, "media_type": desc.media_type, "diff_id": diff_id},
                )
            # Whoever leaves early lets it see a layer that ends too soon, and it tidies up.
            opened.callback(task.close)
            opened.callback(pipe.close)
            yield _Arrival(task, pipe, table)


class _Arrival:
    """An `Ingest` by a worker, which unpacks what it is fed."""

    def __init__(self, task: Work, pipe: BinaryIO, table: BinaryIO) -> None:
        self._task = task
        self._pipe = pipe
        self._table = table

    def feed(self, chunk: Buffer) -> None:
        """As `LayerIngest.feed`; what the worker refuses may be told by a later call."""
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[self._pipe.write(rest) :]
        except BrokenPipeError:
            self._task.answer()  # why it does not listen any more
            raise

    def finish(self) -> tuple[Digest, LayerTOC]:
        """As `LayerIngest.finish`."""
        self._pipe.close()
        diff_id = Digest(self._task.answer()["diff_id"])
        self._table.seek(0)
        return diff_id, LayerTOC.loads(self._table.read())
