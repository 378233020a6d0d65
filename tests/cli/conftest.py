"""The real command line in this process, a registry to talk to, and small images to work with."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import select
import struct
import subprocess
import sys
import tarfile
import tempfile
import termios
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pytest

from dockmagic.cli import main
from dockmagic.engine import Engine
from dockmagic.image.samples.recipe import Step
from dockmagic.image.samples.runnable import programs
from dockmagic.image.samples.tarball import tarball
from dockmagic.oci.errors import NotFound, NotSupported
from dockmagic.oci.spec import Config
from dockmagic.registry.server import RegistryServer
from dockmagic.runtime.machine.tiers import choose
from dockmagic.runtime.purge import forget_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COMMAND = (sys.executable, "-m", "dockmagic")


@dataclass(frozen=True)
class Run:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Standard output, line by line."""
        return self.out.splitlines()


class Input(io.TextIOWrapper):
    """Standard input that is a terminal, or is none."""

    terminal = False

    def isatty(self) -> bool:
        """As told."""
        return self.terminal


@pytest.fixture
def typed(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Type a command line, without the program's name; it is split at spaces unless given word by word."""

    def run(line: str, *words: str, stdin: bytes | None = None, terminal: bool = False) -> Run:
        file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with `source`): programs read the descriptor
        file.write(stdin or b"")
        file.seek(0)
        source = Input(file)
        source.terminal = terminal
        monkeypatch.setattr(sys, "stdin", source)
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        code = main([*line.split(), *words])
        source.close()
        out.flush()
        err.flush()
        texts = [stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in (out, err)]
        return Run(code, *texts)

    return run


@pytest.fixture(scope="session")
def registry() -> Iterator[str]:
    """The host of a registry on this machine."""
    with RegistryServer() as server:
        yield server.host


def make_tar(files: dict[str, bytes | None]) -> bytes:
    """A tar with these files; None makes a directory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.mtime = 1_700_000_000
            if content is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content or b""))
    return out.getvalue()


@pytest.fixture(name="tar_of")
def _tar_of() -> Callable[[dict[str, bytes | None]], bytes]:
    """Makes a tar of path → content; None for a directory."""
    return make_tar


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    """The archive of a small root file system."""
    path = tmp_path / "rootfs.tar"
    path.write_bytes(
        make_tar(
            {
                "etc": None,
                "etc/motd": b"hello\n",
                "etc/os-release": b"ID=test\nVERSION=1\n",
                "bin": None,
                "bin/sh": b"x" * 5000,
            }
        )
    )
    return path


@pytest.fixture
def image(typed: Callable[..., Run], rootfs: Path) -> str:
    """A local image, ``app:1``."""
    change = ("-c", 'CMD ["/bin/sh"]', "-c", "ENV A=1 B=2", "-c", "LABEL tier=web", "-c", "EXPOSE 80")
    assert typed("import", *change, str(rootfs), "app:1").code == 0
    return "app:1"


@pytest.fixture
def remote(typed: Callable[..., Run], image: str, registry: str, request: pytest.FixtureRequest) -> str:
    """The same image in the registry, and not here: ``HOST/REPOSITORY:1``."""
    name = f"{registry}/{request.node.name.partition('[')[0].lower()}:1"
    assert typed(f"tag {image} {name}").code == 0
    assert typed(f"push -q {name}").code == 0
    assert typed(f"rmi {name} {image}").code == 0
    return name


@pytest.fixture(scope="session")
def containers_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with an image that runs, ``box``; the tests are skipped, with the reason, where none can."""
    files = programs()
    if not files:
        pytest.skip("needs a static busybox, or a shell and ldd")
    folder = tmp_path_factory.mktemp("home")
    with Engine(folder) as engine:
        engine.home.prepare()
        try:
            choose(engine.home)
        except NotSupported as error:
            pytest.skip(str(error))
        folders = dict.fromkeys(("dev", "etc", "proc", "sys", "tmp", "var"), 0o755)
        accounts = {"etc/passwd": "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n", "var/old": "old\n"}
        archive = tarball(Step("programs", {**folders, **accounts, **files}), 1_700_000_000)
        config = Config(cmd=("sh",), labels={"made": "here"})
        engine.images.import_rootfs(io.BytesIO(archive), "box", config=config)
    yield folder
    forget_home(folder)


@pytest.fixture
def box(containers_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of the image that runs; containers, volumes and further images are gone after the test."""
    monkeypatch.setenv("DOCKMAGIC_HOME", str(containers_home))
    yield "box"
    with Engine(containers_home) as engine:
        for container in engine.containers.list():
            with contextlib.suppress(NotFound):  # it was about to go by itself
                container.remove(force=True, volumes=True)
        for volume in engine.volumes.list():
            engine.volumes.remove(volume.name)
        for row in engine.images.rows():
            if row.repository != "box":
                engine.images.remove(row.id if row.tag == "<none>" else f"{row.repository}:{row.tag}", force=True)


class Screen:
    """The command on a terminal of its own, as a user has it.

    Args:
        words: the command line.
        rows: of the terminal.
        columns: of the terminal.
    """

    def __init__(self, *words: str, rows: int = 24, columns: int = 80) -> None:
        self.keys, self._terminal = os.openpty()
        self.resize(rows, columns)
        self.seen = b""
        self.process = subprocess.Popen(
            [*COMMAND, *words],
            stdin=self._terminal,
            stdout=self._terminal,
            stderr=self._terminal,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  (nothing else forks here)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def settings(self) -> list[object]:
        """How the terminal is set: raw, with echo and so on."""
        return termios.tcgetattr(self._terminal)

    def is_raw(self) -> bool:
        """Whether a program has the terminal to itself."""
        return not termios.tcgetattr(self._terminal)[3] & termios.ICANON

    def resize(self, rows: int, columns: int) -> None:
        """Change the terminal's size, as a window manager does."""
        fcntl.ioctl(self.keys, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.keys, text.encode())

    def expect(self, text: str, seconds: float = 15) -> str:
        """Wait until `text` is on the screen; all that came before it and with it."""
        end = time.monotonic() + seconds
        wanted = text.encode()
        while wanted not in self.seen:
            ready, _, _ = select.select([self.keys], [], [], max(0.0, end - time.monotonic()))
            try:
                data = os.read(self.keys, 1 << 16) if ready else b""
            except OSError:
                data = b""
            assert data, f"{text!r} did not come: {self.seen!r}"
            self.seen += data
        before, _, self.seen = self.seen.partition(wanted)
        return (before + wanted).decode(errors="replace")

    def wait(self, seconds: float = 15) -> int:
        """The command's exit code."""
        return self.process.wait(seconds)

    def hang_up(self) -> None:
        """Close the terminal, as one who closes the window."""
        for name in ("keys", "_terminal"):
            descriptor = getattr(self, name)
            if descriptor >= 0:
                os.close(descriptor)
                setattr(self, name, -1)


@pytest.fixture
def screen() -> type[Screen]:
    """Opens terminals."""
    return Screen
