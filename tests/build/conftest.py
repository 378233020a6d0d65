"""A store of their own for tests of builds, a base image that is built here, and a hand that builds."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockmagic.build.context import open_context, open_named
from dockmagic.build.events import StepDone, StepOutput
from dockmagic.build.execute import build
from dockmagic.build.options import Options
from dockmagic.oci.dockerfile import parse
from dockmagic.oci.errors import NotSupported
from dockmagic.oci.reference import Reference
from dockmagic.run.disposal import remove_folders
from dockmagic.run.listing import containers
from dockmagic.run.tiers import choose
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dockmagic.build.events import BuildEvent
    from dockmagic.build.output import Output
    from dockmagic.build.result import Build
    from dockmagic.image.image import Image

BUSYBOX = shutil.which("busybox")
_BASE = """
FROM scratch
COPY bin /bin/
COPY etc /etc/
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -m 1777 /tmp && mkdir /root /var
ENV FROM_BASE=1
CMD ["sh"]
"""


@dataclass
class Builder:
    """Builds in one store, and remembers what was told.

    Attributes:
        store: where.
        folder: of the context; files that are given are written there first.
        events: of the latest build.
    """

    store: ContentStore
    folder: Path
    events: list[BuildEvent] = field(default_factory=list)

    def __call__(
        self,
        text: str,
        files: Mapping[str, str] | None = None,
        *,
        contexts: Mapping[str, str] | None = None,
        outputs: tuple[Output, ...] = (),
        **options: object,
    ) -> Build:
        """Build the Dockerfile `text`."""
        for name, content in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.events = []
        home = self.store.home
        named = {name: open_named(home, name, where) for name, where in (contexts or {}).items()}
        with open_context(home, str(self.folder)) as context:
            return build(
                self.store,
                parse(text),
                context.ignoring("Dockerfile"),
                Options(**options),  # type: ignore[arg-type]
                contexts=named,
                outputs=outputs,
                on_event=self.events.append,
            )

    @property
    def output(self) -> str:
        """What the programs of the latest build have written."""
        return b"".join(event.data for event in self.events if isinstance(event, StepOutput)).decode()

    @property
    def outcomes(self) -> list[str]:
        """How the steps of the latest build ended, in the order of the file."""
        done = [event for event in self.events if isinstance(event, StepDone)]
        return [event.outcome for event in sorted(done, key=lambda event: event.number)]


def added(image: Image, since: int = 0) -> list[str]:
    """Paths that the layers from `since` on have, directories left out."""
    return sorted(node.entry.path for node in image.files if node.layer >= since and not node.entry.is_dir)


def read(image: Image, path: str) -> str:
    """A text in an image."""
    return (image / path).read_text()


@pytest.fixture(scope="session")
def plain_store(tmp_path_factory: pytest.TempPathFactory) -> ContentStore:
    """A store for builds that start no process."""
    store = ContentStore(Home(tmp_path_factory.mktemp("plain")))
    store.home.prepare()
    return store


@pytest.fixture(scope="session")
def running_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContentStore]:
    """A store with ``base``, in which RUN works; the tests are skipped, with the reason, where nothing can run."""
    if BUSYBOX is None or subprocess.run(["ldd", BUSYBOX], capture_output=True, check=False).returncode == 0:
        pytest.skip("needs a static busybox (Debian's busybox-static)")
    folder = tmp_path_factory.mktemp("running")
    store = ContentStore(Home(folder / "home"))
    store.home.prepare()
    try:
        isolation = choose(store.home)
    except NotSupported as error:
        pytest.skip(str(error))
    context = folder / "base"
    (context / "bin").mkdir(parents=True)
    shutil.copy(BUSYBOX, context / "bin" / "busybox")
    users = "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n"
    Builder(store, context)(
        _BASE,
        {"etc/passwd": users, "etc/group": "root:x:0:\nuser:x:1000:\n"},
        tags=(Reference.parse("base"),),
    )
    yield store
    for container in containers(store):
        container.remove(force=True)
    # Unpacked layers belong to other users, whom pytest could not clean up after.
    remove_folders(isolation, [str(store.home.layers), str(store.home.builds)])


@pytest.fixture
def plain(plain_store: ContentStore, tmp_path: Path) -> Builder:
    """Builds without processes."""
    return _builder(plain_store, tmp_path)


@pytest.fixture
def make(running_store: ContentStore, tmp_path: Path) -> Builder:
    """Builds with processes."""
    return _builder(running_store, tmp_path)


def _builder(store: ContentStore, folder: Path) -> Builder:
    context = folder / "context"
    context.mkdir()
    return Builder(store, context)


def is_root() -> bool:
    """Whether the tests run as root."""
    return os.geteuid() == 0
