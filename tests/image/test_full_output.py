"""Archives that are written to a disk without room: one clear line, whatever the compression."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from dockmagic.image.archive import import_rootfs
from dockmagic.oci.reference import Reference
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="a device that is always full is Linux's")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with an image that compression makes no smaller."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        member = tarfile.TarInfo("noise")
        member.size = 3 << 20
        with Path("/dev/urandom").open("rb") as noise:
            tar.addfile(member, noise)
    raw.seek(0)
    import_rootfs(raw, ContentStore(Home(tmp_path / "home")), Reference.parse("noise"))
    return tmp_path / "home"


@pytest.mark.parametrize("to", ["stdout", "file"])
@pytest.mark.parametrize(
    "command",
    [
        ["save"],
        ["save", "--format", "oci-archive"],
        ["save", "--compression", "gzip"],
        ["save", "--compression", "zstd"],
        ["export"],
    ],
    ids=" ".join,
)
def test_a_full_disk_is_one_line_that_names_the_output(home: Path, command: list[str], to: str) -> None:
    """No traceback, also of what is closed or collected afterwards; and not the disk that holds the images."""
    words = [*command, *(["-o", str(FULL)] if to == "file" else []), "noise"]
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dockmagic", *words],
            stdout=full if to == "stdout" else subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"DOCKMAGIC_HOME": str(home), "PATH": "/usr/bin:/bin"},
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"no space is left for {'standard output' if to == 'stdout' else FULL}" in done.stderr
