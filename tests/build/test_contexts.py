"""The build context is read in place, whole files only where they are asked for, and known files not again."""

from __future__ import annotations

import io
import os
import tarfile
import time
from typing import TYPE_CHECKING

import pytest
import tars
from build_harness import Builder, read

from dockmagic.builder.copy.selection import content_digest, select
from dockmagic.builder.outcome.events import BuildStarted
from dockmagic.builder.sources.context import open_context, open_named
from dockmagic.builder.sources.folder import SourceFolder
from dockmagic.builder.sources.statcache import Known, StatCache, state_of
from dockmagic.oci.errors import InvalidArchive, InvalidInput, PathNotFound, StoreError
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A context with a few files, not touched for a minute."""
    root = tmp_path / "ctx"
    for name in ("Dockerfile", "a.txt", "src/one.py", "src/two.py", "src/deep/three.py", "logs/x.log"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"FROM scratch\n# {name}")
    return root


def _digest(home: Home, folder: Path, *sources: str) -> tuple[str, int]:
    """The content's digest, and how many bytes had to be read for it."""
    with open_context(home, str(folder)) as context:
        digest = content_digest(select(context.files, sources or ["."]))
        return digest, context.counts[1]


def _settle() -> None:
    time.sleep(0.25)  # longer than a file must have been left alone to be believed


def test_only_what_is_asked_for_is_digested(home: Home, folder: Path) -> None:
    """And of that nothing twice, in any later build."""
    _settle()
    _, read = _digest(home, folder, "src")
    sizes = sum(path.stat().st_size for path in (folder / "src").rglob("*.py"))
    assert read == sizes
    first, read = _digest(home, folder)
    assert 0 < read < sizes + 100
    assert _digest(home, folder) == (first, 0)


def test_a_change_is_seen_however_it_is_made(home: Home, folder: Path) -> None:
    """Content, mode, a link's target, a name; time and owner alone are none."""
    _settle()
    seen = {_digest(home, folder)[0]}

    def changed() -> bool:
        digest, _ = _digest(home, folder)
        is_new = digest not in seen
        seen.add(digest)
        return is_new

    (folder / "a.txt").write_text("other")
    assert changed()
    before = (folder / "a.txt").stat()
    (folder / "a.txt").write_text("OTHER")
    os.utime(folder / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changed()
    (folder / "a.txt").chmod(0o600)
    assert changed()
    (folder / "l").symlink_to("a.txt")
    assert changed()
    (folder / "l").unlink()
    (folder / "l").symlink_to("b.txt")
    assert changed()
    (folder / "l").rename(folder / "m")
    assert changed()
    (folder / "empty").mkdir()
    assert changed()
    os.utime(folder / "a.txt", (1, 1))
    assert not changed()


def test_a_file_written_in_the_tick_it_was_read_in_is_not_believed(home: Home, folder: Path) -> None:
    """A later write in that tick could leave size and times as they are."""
    path = folder / "a.txt"
    cache = StatCache(home, folder)
    status = path.stat()
    known = Known(state_of(status), b"digest")
    cache.put(b"a.txt", known, now=status.st_ctime_ns + 1_000_000)
    assert cache.get(b"a.txt", state_of(status)) is None
    cache.put(b"a.txt", known, now=status.st_ctime_ns - 10**12)  # the clock was set back
    assert cache.get(b"a.txt", state_of(status)) is None
    cache.put(b"a.txt", known, now=status.st_ctime_ns + 10**10)
    assert cache.get(b"a.txt", state_of(status)) == known
    whole = (*known.state[:4], 5 * 10**9, 5 * 10**9)  # a file system that keeps whole seconds
    cache.put(b"a.txt", Known(whole, b"digest"), now=6 * 10**9)
    assert cache.get(b"a.txt", whole) is None


def test_a_damaged_stat_cache_is_made_anew(home: Home, folder: Path) -> None:
    """It can all be found out again."""
    _settle()
    digest, _ = _digest(home, folder)
    (path,) = (home.builds / "stat").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    again, read = _digest(home, folder)
    assert again == digest
    assert read


def test_ignored_files_are_as_if_not_there(home: Home, folder: Path) -> None:
    """Folders of which everything is ignored neither, unless something in them is brought back."""
    (folder / ".dockerignore").write_text("logs\nsrc\n!src/deep/three.py\n*.txt\n")
    with open_context(home, str(folder)) as context:
        files = context.ignoring("Dockerfile").files
        assert [entry.name for entry in files.walk(b"")] == [
            b".dockerignore", b"Dockerfile", b"src", b"src/deep", b"src/deep/three.py",
        ]  # fmt: skip
        assert files.names(b"") == [b".dockerignore", b"Dockerfile", b"src"]
        assert files.entry(b"a.txt") is None
        assert files.entry(b"logs") is None
        assert files.entry(b"src") is not None
        assert context.ignoring("Dockerfile").folder("src") is None
        assert context.folder("src") == folder / "src"


def test_an_ignore_file_beside_the_dockerfile_goes_first(home: Home, folder: Path) -> None:
    """``<name>.dockerignore`` instead of ``.dockerignore``; the Dockerfile itself is read even if it is ignored."""
    (folder / ".dockerignore").write_text("src")
    (folder / "app.Dockerfile").write_text("FROM scratch")
    (folder / "app.Dockerfile.dockerignore").write_text("*\n!a.txt")
    with open_context(home, str(folder)) as context:
        assert context.dockerfile("app.Dockerfile").text == b"FROM scratch"
        assert [entry.name for entry in context.ignoring("app.Dockerfile").files.walk(b"")] == [b"a.txt"]


def test_a_context_that_is_not_there_is_refused(home: Home, folder: Path) -> None:
    """Each with what to do."""
    with pytest.raises(PathNotFound, match="there is no folder"):
        open_context(home, str(folder / "none"))
    with pytest.raises(InvalidInput, match="not a folder"):
        open_context(home, str(folder / "a.txt"))
    with open_context(home, str(folder)) as context, pytest.raises(PathNotFound, match=r"there is no x\.Dockerfile"):
        context.dockerfile("x.Dockerfile")


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_file_that_cannot_be_read_says_so(home: Home, folder: Path) -> None:
    """With the way around it."""
    (folder / "a.txt").chmod(0)
    with pytest.raises(StoreError, match=r"cannot read .*a\.txt"):
        _digest(home, folder)


def test_a_link_put_in_the_place_of_a_folder_is_not_followed(home: Home, folder: Path, tmp_path: Path) -> None:
    """Every step is one component, and none follows a link, whoever swaps them meanwhile."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "one.py").write_text("secret")
    files = SourceFolder(folder, StatCache(home, folder), label="the build context")
    (found,) = [entry for entry in files.walk(b"") if entry.name == b"src/one.py"]
    (folder / "src").rename(folder / "gone")
    (folder / "src").symlink_to(tmp_path / "outside")
    with pytest.raises(StoreError):
        files.digested([found])


def _tar(*members: tars.Member) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    out.seek(0)
    return out


def test_a_tar_is_a_context(home: Home) -> None:
    """From standard input, compressed or not; owners in it do not count, ignore files do."""
    tar = _tar(
        tars.file("Dockerfile", "FROM scratch"), tars.file(".dockerignore", "no"), tars.file("no", "n"),
        tars.file("d/yes", "y", uid=9), tars.file("d/.wh.x"),
    )  # fmt: skip
    with open_context(home, "-", stdin=tar) as context:
        assert context.dockerfile().text == b"FROM scratch"
        files = context.ignoring("Dockerfile").files
        (match,) = select(files, ["d/yes"])
        assert (match.top.uid, match.top.size) == (0, 1)
        assert [entry.name for entry in files.walk(b"")] == [
            b".dockerignore",
            b"Dockerfile",
            b"d",
            b"d/.wh.x",
            b"d/yes",
        ]
        with pytest.raises(PathNotFound):
            select(files, ["no"])
    assert not [path for path in home.root.iterdir() if path.name.startswith(".tar")]


def test_a_dockerfile_alone_makes_an_empty_context(home: Home) -> None:
    """From standard input."""
    with open_context(home, "-", stdin=io.BytesIO(b"FROM scratch\nCOPY a /")) as context:
        assert context.dockerfile().text.startswith(b"FROM scratch")
        with pytest.raises(PathNotFound):
            select(context.files, ["a"])
    with pytest.raises(InvalidInput, match="standard input"):
        open_context(home, "-")


def test_a_tar_that_leads_out_is_no_context(home: Home) -> None:
    """Nothing of it is used."""
    with pytest.raises(InvalidArchive, match="leads out"):
        open_context(home, "-", stdin=_tar(tars.file("../x", "x")))


def test_named_contexts_are_folders_images_or_layouts(home: Home, folder: Path) -> None:
    """Each in its own form."""
    with open_named(home, "more", str(folder)) as context:
        assert context.files.label == "the context more"
    assert open_named(home, "base", "docker-image://alpine:3.20").image == "alpine:3.20"
    with pytest.raises(PathNotFound, match="not an OCI image layout"):
        open_named(home, "x", f"oci-layout://{folder}")
    with pytest.raises(PathNotFound):
        open_named(home, "x", str(folder / "none"))


def test_a_folder_whose_path_is_not_utf8_is_built(plain: Builder, tmp_path: Path) -> None:
    """The cache's notes and the events tell the bytes by their numbers."""
    folder = tmp_path / "n\udcff"
    folder.mkdir()
    builder = Builder(plain.store, folder)
    assert read(builder("FROM scratch\nCOPY f /", {"f": "x"}).image, "/f") == "x"
    started = next(event for event in builder.events if isinstance(event, BuildStarted))
    assert started.context.endswith("n\\xff")
