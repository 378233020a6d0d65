"""ADD of URLs and git repositories: asked for once, kept, and checked."""

from __future__ import annotations

import email.utils
import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from website import Site

from dockmagic.builder.sources.address import GitSource, without_password
from dockmagic.builder.sources.context import open_context
from dockmagic.builder.sources.git import GitRepository
from dockmagic.engine import Engine
from dockmagic.oci.errors import DigestMismatch, DockerfileError, InvalidInput, NotFound, PathNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from copy_harness import CopyHarness

DATE = 1_700_000_000
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A running server."""
    root = tmp_path / "site"
    root.mkdir()
    found = Site(root)
    yield found
    found.close()


def test_a_file_from_the_web_is_its_owners_alone(copies: CopyHarness, site: Site) -> None:
    """Mode 600, the server's time, the name of its address; it is not unpacked unless that is asked for."""
    path = site.root / "f.txt"
    path.write_text("text")
    modified = email.utils.formatdate(path.stat().st_mtime, usegmt=True)
    tree = copies.run(f"ADD {site.url}/f.txt?x=1 /d/")
    assert tree["/d/f.txt"] == "600 0:0 text"
    entry = copies.image.files.lookup("/d/f.txt").entry
    assert entry.mtime == int(email.utils.parsedate_to_datetime(modified).timestamp())
    assert copies.run(f"ADD --chmod=644 --chown=5 {site.url}/moved/f.txt /g")["/g"] == "644 5:5 text"
    shutil.make_archive(str(site.root / "a"), "gztar", site.root, "f.txt")
    assert "/x/a.tar.gz" in copies.run(f"ADD {site.url}/a.tar.gz /x/")
    assert copies.run(f"ADD --unpack {site.url}/a.tar.gz /y/")["/y/f.txt"].endswith("text")


def test_a_file_that_has_not_changed_is_not_fetched_again(copies: CopyHarness, site: Site) -> None:
    """The server is asked; with a checksum not even that."""
    (site.root / "f").write_text("text")
    line = f"ADD {site.url}/f /f"
    first = copies.prepared(line).inputs
    assert copies.prepared(line).inputs == first
    assert site.asked == ["200 /f", "304 /f"]
    digest = hashlib.sha256(b"text").hexdigest()
    copies.prepared(f"ADD --checksum=sha256:{digest} {site.url}/f /f")
    assert len(site.asked) == 2
    with pytest.raises(DigestMismatch, match="has the digest"):
        copies.prepared(f"ADD --checksum=sha256:{'0' * 64} {site.url}/f /f")


def test_what_is_not_there_is_refused(copies: CopyHarness, site: Site) -> None:
    """With the server's answer; checksums are for remote files only."""
    with pytest.raises(NotFound, match="answers 404"):
        copies.prepared(f"ADD {site.url}/none /f")
    copies.write("f")
    with pytest.raises(InvalidInput, match="--checksum is for one URL"):
        copies.prepared(f"ADD --checksum=sha256:{'0' * 64} f /f")


def test_a_tar_or_a_dockerfile_on_the_web_is_a_context(copies: CopyHarness, site: Site) -> None:
    """By its content."""
    (site.root / "Dockerfile").write_text("FROM scratch")
    shutil.make_archive(str(site.root / "ctx"), "gztar", site.root, "Dockerfile")
    for name in ("ctx.tar.gz", "Dockerfile"):
        with open_context(copies.store.home, f"{site.url}/{name}") as context:
            assert context.dockerfile().text == b"FROM scratch"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://host/x.git", ("https://host/x.git", "", "")),
        ("https://host/x.git#main:sub/dir", ("https://host/x.git", "main", "sub/dir")),
        ("https://host/x.git?branch=b&subdir=s", ("https://host/x.git", "refs/heads/b", "s")),
        ("https://host/x.git?tag=v1#refs/tags/v1", ("https://host/x.git", "refs/tags/v1", "")),
        ("https://host/x.git?branch=refs/heads/b", ("https://host/x.git", "refs/heads/b", "")),
        ("https://host/x.git/", None),
        ("https://host/x.git.bar", None),
        ("git@host:org/x.git#v1", ("git@host:org/x.git", "v1", "")),
        ("ssh://git@host/x#:sub", ("ssh://git@host/x", "", "sub")),
        ("git://host/x", ("git://host/x", "", "")),
        ("https://host/x.tar", None),
        ("./x.git", None),
        ("a@b", None),
    ],
)
def test_addresses_of_repositories(text: str, expected: tuple[str, str, str] | None) -> None:
    """In all forms that docker takes."""
    source = GitSource.parse(text)
    assert (source and (source.url, source.ref, source.subdir)) == expected


def test_an_address_cannot_be_an_option_and_shows_no_password() -> None:
    """Git would obey the one, and logs would keep the other."""
    for text in (
        "git://x#--upload-pack=evil",
        "https://h/x.git?ref=-x",
        "https://h/x.git?what=1",
        "https://h/x.git?ref=a#b",
        "https://h/x.git?tag=a&branch=a",
        "https://h/x.git?ref=a&ref=a",
        "https://h/x.git?ref",
        "https://h/x.git?mtime=now",
        "https://h/x.git?submodules=maybe",
    ):
        with pytest.raises(InvalidInput):
            GitSource.parse(text)
    assert without_password("https://me:secret@host/x.git") == "https://me:***@host/x.git"
    assert without_password("git@host:x") == "git@host:x"


def _git(folder: Path, *words: str) -> str:
    env = os.environ | {"GIT_COMMITTER_DATE": f"{DATE} +0000"}
    return subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e@x", "-c", "init.defaultBranch=main", *words],
        cwd=folder, check=True, capture_output=True, text=True, env=env,
    ).stdout.strip()  # fmt: skip


@pytest.fixture
def repository(site: Site) -> str:
    """A repository on the server, with a tag and a branch."""
    work = site.root / "work"
    (work / "sub").mkdir(parents=True)
    (work / "Dockerfile").write_text("FROM scratch\nCOPY . /")
    (work / "sub" / "f").write_text("one")
    (work / "out").symlink_to("../../..")
    _git(work, "init", "-q")
    _git(work, "add", ".")
    _git(work, "commit", "-q", "-m", "one")
    _git(work, "tag", "-a", "v1", "-m", "v1")
    (work / "sub" / "f").write_text("two")
    _git(work, "commit", "-q", "-am", "two")
    _git(work, "clone", "-q", "--bare", ".", str(site.root / "x.git"))
    _git(site.root / "x.git", "update-server-info")
    return f"{site.url}/x.git"


@needs_git
def test_a_repository_is_added_at_its_commit(copies: CopyHarness, repository: str) -> None:
    """A branch, a tag, a commit, a folder of it; ``.git`` only if it is asked for."""
    commit = GitRepository(copies.store.home, GitSource(url=repository)).commit()
    copy_op = copies.prepared(f"ADD {repository} /a")
    assert [key_input.value for key_input in copy_op.inputs] == [commit]
    tree = copies.run(f"ADD {repository} /a")
    assert tree["/a/sub/f"].endswith("two")
    assert "/a/.git" not in tree
    assert copies.run(f"ADD {repository}#v1 /b")["/b/sub/f"].endswith("one")
    assert set(copies.run(f"ADD {repository}#v1:sub /c/")) >= {"/c/f"}
    assert "/d/.git" in copies.run(f"ADD --keep-git-dir=true {repository}#{commit} /d")
    assert copies.run(f"ADD --checksum={commit[:10]} {repository}#main /e")["/e/sub/f"].endswith("two")
    with pytest.raises(DigestMismatch):
        copies.prepared(f"ADD --checksum={commit} {repository}#v1 /e")
    with pytest.raises(NotFound, match="does not contain ref none"):
        copies.prepared(f"ADD {repository}#none /e")


@needs_git
def test_files_have_the_time_of_the_commit_if_that_is_asked_for(copies: CopyHarness, repository: str) -> None:
    """With mtime=commit two checkouts are the same."""
    with open_context(copies.store.home, f"{repository}?mtime=commit") as context:
        assert {entry.mtime for entry in context.files.walk(b"")} == {DATE}


@needs_git
def test_a_commit_is_fetched_whatever_the_branch_points_to(copies: CopyHarness, repository: str) -> None:
    """With fetch-by-commit, which needs all of its digits."""
    old = GitRepository(copies.store.home, GitSource(url=repository, ref="v1")).commit()
    with pytest.raises(DigestMismatch):
        copies.prepared(f"ADD {repository}?checksum={old}#main /e")
    assert copies.run(f"ADD {repository}?fetch-by-commit&checksum={old}#main /e")["/e/sub/f"].endswith("one")
    with pytest.raises(InvalidInput, match="needs a whole commit"):
        copies.prepared(f"ADD {repository}?fetch-by-commit=true&checksum={old[:8]} /e")


@needs_git
def test_a_repository_is_a_context(copies: CopyHarness, repository: str) -> None:
    """Its folders stay inside it."""
    with open_context(copies.store.home, f"{repository}#main:sub") as context:
        assert context.files.entry(b"f") is not None
        assert context.revision
    for folder in ("none", "out", "../.."):
        with pytest.raises(PathNotFound, match="has no folder"):
            open_context(copies.store.home, f"{repository}#main:{folder}")
    assert not [path for path in copies.store.home.root.iterdir() if path.name.startswith(".git.")]


def test_a_dockerfile_from_the_web_builds_a_folder_here(tmp_path: Path, site: Site) -> None:
    """``-f URL``: fetched again only if it has changed; one that is not there is told of."""
    (site.root / "recipe").write_text("FROM scratch\nCOPY name /\n")
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "name").write_text("here\n")
    with Engine(tmp_path / "home") as engine:
        for _ in range(2):
            built = engine.builds.build(str(tmp_path / "context"), dockerfile=f"{site.url}/recipe")
        assert (built.image / "name").read_text() == "here\n"
        with pytest.raises(NotFound):
            engine.builds.build(str(tmp_path / "context"), dockerfile=f"{site.url}/none")
    assert site.asked == ["200 /recipe", "304 /recipe", "404 /none"]


def _dated(path: Path, seconds: int) -> None:
    os.utime(path, (seconds, seconds))


def _created(tmp_path: Path, context: str, epoch: str, contexts: dict[str, str] | None = None) -> str | None:
    with Engine(tmp_path / "home") as engine:
        given = {"SOURCE_DATE_EPOCH": epoch}
        built = engine.builds.build(context, build_args=given, build_contexts=contexts or {})
        return built.image.config_file.created or ""


@needs_git
def test_the_context_dates_the_image(tmp_path: Path, site: Site, repository: str) -> None:
    """SOURCE_DATE_EPOCH=context: the commit's date, else what the server says, else the newest file of the archive."""
    assert _created(tmp_path, repository, "context") == "2023-11-14T22:13:20Z"
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    _dated(folder / "Dockerfile", 1_500_000_000)
    shutil.make_archive(str(site.root / "context"), "tar", folder)
    _dated(site.root / "context.tar", 1_600_000_000)
    assert _created(tmp_path, f"{site.url}/context.tar", "context") == "2020-09-13T12:26:40Z"
    assert _created(tmp_path, f"{site.url}/undated/context.tar", "context") == "2017-07-14T02:40:00Z"
    by_name = _created(tmp_path, str(folder), "more", {"more": f"{site.url}/context.tar"})
    assert by_name == "2020-09-13T12:26:40Z"


def test_a_stage_dates_the_image_and_argument(tmp_path: Path, site: Site) -> None:
    """One that adds one thing from elsewhere; ARG sees the number. A folder of this machine has no date: it is now."""
    (site.root / "f").write_text("x")
    _dated(site.root / "f", 1_600_000_000)
    (tmp_path / "Dockerfile").write_text(
        f"ARG SOURCE_DATE_EPOCH\nFROM scratch AS Source\nARG NAME=f\nADD {site.url}/$NAME /\n"
        "FROM scratch\nARG SOURCE_DATE_EPOCH\nLABEL date=$SOURCE_DATE_EPOCH\n"
    )
    with Engine(tmp_path / "home") as engine:
        build = engine.builds.build
        dated = build(str(tmp_path), build_args={"SOURCE_DATE_EPOCH": "source"}).image
        now = build(str(tmp_path), build_args={"SOURCE_DATE_EPOCH": "context"}).image
    assert (dated.config_file.created, (dated.config.labels or {})["date"]) == ("2020-09-13T12:26:40Z", "1600000000")
    assert (now.config.labels or {})["date"] == ""
    assert (now.config_file.created or "") > "2024"


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("FROM busybox AS source", r"Dockerfile:1:6: SOURCE_DATE_EPOCH stage must use FROM scratch"),
        (
            "FROM scratch AS source\nADD f /",
            "Dockerfile:1: SOURCE_DATE_EPOCH stage must contain exactly one remote",
        ),
        ("FROM scratch AS source\nWORKDIR /x", "Dockerfile:2: .* unsupported WORKDIR instruction"),
        ("FROM scratch AS source\nADD http://127.0.0.1:9/f /", "Dockerfile:2:5: 127.0.0.1:9 cannot be reached"),
        ("FROM scratch AS another", "Dockerfile: invalid SOURCE_DATE_EPOCH: source"),
    ],
)
def test_what_cannot_date_an_image_is_refused(tmp_path: Path, stage: str, message: str) -> None:
    """With what can, at its place."""
    (tmp_path / "Dockerfile").write_text(f"{stage}\nFROM scratch\nLABEL a=b\n")
    with Engine(tmp_path / "home") as engine, pytest.raises(DockerfileError, match=message) as caught:
        engine.builds.build(str(tmp_path), build_args={"SOURCE_DATE_EPOCH": "source"})
    assert caught.value.hint
