"""Where overlay cannot be mounted a container gets a copy of its image's files, and all else is the same."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from minimal_rootfs import rootfs
from programs import finish, spec

from dockmagic.image.archive import import_rootfs
from dockmagic.oci.reference import Reference
from dockmagic.runtime.commit import commit
from dockmagic.runtime.creation import create
from dockmagic.runtime.machine.tiers import choose, explain
from dockmagic.snapshot import copytree
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCRIPT = (
    "set -e; echo x > /new; chown 33:44 /new; chmod 4711 /new; rm /var/old; rm -r /var/dir; mkdir /var/dir;"
    "touch /var/dir/other; echo more >> /etc/group; ln /new /also; ln -s a /link"
)


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system on which overlay finds no attributes to keep its marks in."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount one to try it")
    folder = tmp_path / "plain"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "ramfs", "none", str(folder)], check=False, capture_output=True).returncode:
        pytest.skip("this root may not mount")
    monkeypatch.setenv("DOCKMAGIC_SCRATCH", str(folder))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("tier", ["root", "single"])
def test_a_copy_stands_in_for_an_overlay(
    plain: Path, tmp_path: Path, store: ContentStore, tier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same changes and the same layer; containers and unpacked layers lie in the scratch folder."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1500000000")
    monkeypatch.setenv("DOCKMAGIC_TIER", tier)
    layers, changes = [], []
    for home in (store.home, Home(tmp_path / "home")):
        if home is store.home:
            monkeypatch.delenv("DOCKMAGIC_SCRATCH")
        else:
            monkeypatch.setenv("DOCKMAGIC_SCRATCH", str(plain))
        own = ContentStore(home)
        home.prepare()
        image = import_rootfs(io.BytesIO(rootfs()), own, Reference.parse("small:2"))
        container = create(own, image, spec(("sh", "-c", _SCRIPT), network="none"))
        assert (container.isolation.snapshotter == "copy") is (home is not store.home)
        assert finish(container) == (0, "", "")
        changes.append([(change.letter, change.path) for change in container.changes()])
        layers.append(commit(container).layers[-1].diff_id)
        assert finish(create(own, image, spec(("cat", "/var/old"), network="none")))[1] == "old\n"
    assert changes[0] == changes[1]
    assert layers[0] == layers[1]
    assert list(plain.iterdir()) == [home.scratch]
    assert choose(home).snapshotter == "copy"
    assert any("overlay does not work" in answer for _, answer in explain(home))


def test_a_copy_is_whole_and_nobody_elses(tmp_path: Path) -> None:
    """Modes, times, links and closed folders; a write to the copy does not reach what was copied."""
    tree, aim = tmp_path / "tree", tmp_path / "aim"
    (tree / "closed" / "in").mkdir(parents=True)
    (tree / "closed" / "in" / "f").write_bytes(b"x" * 100_000)
    os.link(tree / "closed" / "in" / "f", tree / "again")
    (tree / "none").write_bytes(b"secret")
    (tree / "none").chmod(0)
    (tree / "link").symlink_to("nowhere")
    os.mkfifo(tree / "pipe", 0o620)
    os.utime(tree / "again", ns=(5, 1_000_000_007))
    (tree / "closed").chmod(0o555)
    aim.mkdir()
    try:
        copytree.copy(tree, aim, owners=False)
        assert (aim / "again").stat().st_ino == (aim / "closed" / "in" / "f").stat().st_ino
        assert (aim / "again").stat().st_ino != (tree / "again").stat().st_ino
        assert (aim / "again").stat().st_mtime_ns == 1_000_000_007
        assert (aim / "closed").stat().st_mode & 0o7777 == 0o555
        assert (aim / "none").stat().st_mode & 0o7777 == (tree / "none").stat().st_mode & 0o7777 == 0
        assert (aim / "none").stat().st_size == 6
        assert (aim / "link").readlink() == Path("nowhere")
        assert (aim / "pipe").stat().st_mode == (tree / "pipe").stat().st_mode
        with (aim / "again").open("ab") as file:
            file.write(b"y")
        assert (tree / "again").stat().st_size == 100_000
    finally:
        (tree / "closed").chmod(0o755)
        (aim / "closed").chmod(0o755)
