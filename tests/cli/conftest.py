"""The real command line in this process, a registry to talk to, and small images to work with."""

from __future__ import annotations

import io
import sys
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from dockmagic.cli import main
from dockmagic.store.registry.server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


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
        source = Input(io.BytesIO(stdin or b""))
        source.terminal = terminal
        monkeypatch.setattr(sys, "stdin", source)
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        code = main([*line.split(), *words])
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
