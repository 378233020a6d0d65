"""What the jobs work with: registries, stores, dockmagic and the peers as commands."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic import Engine
from dockmagic.commands.cmdline.context import CommandContext
from dockmagic.commands.cmdline.invoke import invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.commands.cmdline.result import Result

__all__ = ["World", "busybox_tar", "have", "registry", "run"]

_CONFIGURATION = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  cache: {{blobdescriptor: inmemory}}
  filesystem: {{rootdirectory: {root}, maxthreads: 100}}
http: {{addr: "{address}"}}
"""


def have(*peers: str) -> bool:
    """Whether all of `peers` are installed."""
    return all(shutil.which(peer) for peer in peers)


def run(*command: str | Path, home: Path | None = None) -> str:
    """Run a command and give what it prints."""
    environment = dict(os.environ, DOCKMAGIC_HOME=str(home)) if home else None
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr or done.stdout}")
    return done.stdout


def busybox_tar(place: Path, busybox: Path) -> Path:
    """A root file system of a static busybox under the names that the jobs call, as a tar below `place`."""
    root = place / "root"
    for folder in ("bin", "etc", "proc", "sys", "dev", "tmp", "var"):
        (root / folder).mkdir(parents=True)
    shutil.copy(busybox, root / "bin" / "busybox")
    for name in ("sh", "echo", "cat", "true", "mkdir", "chown", "head"):
        (root / "bin" / name).symlink_to("busybox")
    run("tar", "-C", root, "-cf", place / "base.tar", ".")
    return place / "base.tar"


@contextmanager
def registry(root: Path) -> Iterator[str]:
    """A docker-registry that keeps its blobs in `root`; gives its address."""
    root.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    configuration = root / "config.yml"
    configuration.write_text(_CONFIGURATION.format(root=root, address=address))
    with (
        (root / "log").open("wb") as log,
        subprocess.Popen(["docker-registry", "serve", configuration], stdout=log, stderr=log) as server,
    ):
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) == 0:
                        break
                time.sleep(0.05)
            yield address
        finally:
            server.terminate()


@dataclass
class World:
    """Where the images are, and how each tool reaches its own store.

    Attributes:
        scratch: everything is written below it; removed at the very end.
        image: the big image, ``host:port/name``.
        base: the image that it stands on.
        small: repositories of small images.
    """

    scratch: Path
    image: str
    base: str
    small: tuple[str, ...]
    dockmagic: Path = field(default=Path(sys.executable).with_name("dockmagic"))

    @property
    def home(self) -> Path:
        """The home that holds both images."""
        return self.scratch / "home"

    @property
    def store(self) -> Path:
        """The peers' store that holds both images."""
        return self.scratch / "peers"

    def ours(self, *arguments: str | Path, home: Path | None = None) -> str:
        """Dockmagic as a command, a process of its own."""
        return run(self.dockmagic, *arguments, home=home or self.home)

    def warm(self, *arguments: str, home: Path | None = None) -> Result:
        """Dockmagic inside this process, which has it imported already, as a notebook's kernel has."""
        with Engine(home or self.home) as engine:
            return invoke(CommandContext(engine), arguments)

    @staticmethod
    def peer(tool: str, store: Path, *arguments: str | Path) -> str:
        """Podman or buildah over the store in `store`."""
        return run(tool, "--root", store / "root", "--runroot", store / "run", *arguments)

    def pull(self, images: tuple[str, ...], home: Path, store: Path) -> None:
        """Let dockmagic's `home` and the peers' `store` both hold `images`."""
        for image in images:
            self.warm("pull", "-q", image, home=home)
        if have("podman"):
            self.peer("podman", store, "pull", "-q", "--tls-verify=false", *images)

    def peers(self) -> list[str]:
        """The peers' versions, and their storage driver."""
        asked = {"podman": "--version", "buildah": "--version", "skopeo": "--version", "crane": "version"}
        lines = [f"{tool}: {run(tool, flag).strip()}" for tool, flag in asked.items() if have(tool)]
        if have("podman"):
            information = json.loads(self.peer("podman", self.store, "info", "--format", "json"))
            lines.append(f"podman's and buildah's storage driver: {information['store']['graphDriverName']}")
        return lines
