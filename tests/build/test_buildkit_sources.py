"""Cases of BuildKit's integration tests about git and archives, named as there.

They are those of moby/buildkit, frontend/dockerfile: of dockerfile_addgit_test.go and dockerfile_add_test.go. That a
commit may be shortened in ``?ref=`` is ours alone.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING, NamedTuple

import pytest
from build_harness import added, read
from website import Site

from dockmagic.builder.execute import build
from dockmagic.builder.options import Options
from dockmagic.builder.reading.plan import make_plan, plan_build
from dockmagic.builder.sources.context import open_context
from dockmagic.dockerfile import parse
from dockmagic.oci.errors import DockmagicError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from build_harness import Builder

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
_DOCKERFILE = """
FROM scratch AS withgit
COPY .git/HEAD out
FROM scratch AS withsubmod
COPY submod/file out
FROM scratch
COPY foo out
"""


class Repository(NamedTuple):
    """One with a branch, tags and a submodule.

    Attributes:
        url: of it.
        v2: commit of the tag v0.0.2.
        latest: commit of the default branch.
    """

    url: str
    v2: str
    latest: str


def _git(folder: Path, *words: str) -> str:
    settings = ("user.name=n", "user.email=e@x", "init.defaultBranch=master", "gc.auto=0")
    flags = [word for setting in settings for word in ("-c", setting)]
    return subprocess.run(
        ["git", *flags, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()  # fmt: skip


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """The repository of testGitQueryString, on a web site."""
    root = tmp_path_factory.mktemp("git")
    site = Site(root)
    module, main = root / "module", root / "main"
    for folder in (module, main):
        folder.mkdir()
        _git(folder, "init", "-q")
    (module / "file").write_text("123\n")
    _git(module, "add", "file")
    _git(module, "commit", "-q", "-m", "initial")
    _git(module, "update-server-info")

    def commit(text: str, *more: str) -> str:
        (main / "foo").write_text(f"{text}\n")
        _git(main, "add", "foo", *more)
        _git(main, "commit", "-q", "-m", text)
        return _git(main, "rev-parse", "HEAD")

    (main / "Dockerfile").write_text(_DOCKERFILE)
    _git(main, "submodule", "add", "-q", f"{site.url}/module/.git", "submod")
    commit("base", "Dockerfile")
    _git(main, "tag", "v0.0.1")
    _git(main, "branch", "base")
    (main / "sub").mkdir()
    (main / "sub" / "foo").write_text("subfeature\n")
    (main / "sub" / "Dockerfile").write_text(_DOCKERFILE)
    commit("feature", "sub")
    _git(main, "branch", "feature")
    _git(main, "checkout", "-q", "-B", "master", "base")
    v2 = commit("v0.0.2")
    _git(main, "tag", "v0.0.2")
    latest = commit("latest")
    _git(main, "tag", "latest")
    _git(main, "update-server-info")
    yield Repository(f"{site.url}/main/.git", v2, latest)
    site.close()


#: Behind the URL; target; what is found, or what the error says. V2 and LATEST are the commits.
QUERIES = [
    ("?tag=v0.0.2&commit=LATEST", "", "", "expected|is not"),
    ("#v0.0.2", "", "v0.0.2\n", ""),
    ("?ref=base", "", "base\n", ""),
    ("?branch=base", "", "base\n", ""),
    ("?branch=invalid", "", "", "repository does not contain ref"),
    ("?branch=v0.0.2", "", "", "repository does not contain ref"),
    ("?tag=v0.0.2#refs/tags/v0.0.2", "", "v0.0.2\n", ""),
    ("?commit=LATEST", "", "latest\n", ""),
    ("?commit=SHORT2", "", "", "expected|is not"),
    ("?commit=SHORTL", "", "latest\n", ""),
    ("?ref=V2", "", "v0.0.2\n", ""),
    ("?ref=SHORT2", "", "v0.0.2\n", ""),
    ("?tag=v0.0.2&commit=V2", "", "v0.0.2\n", ""),
    ("?ref=V2&commit=V2", "", "v0.0.2\n", ""),
    ("?tag=v0.0.2#refs/heads/master", "", "", "ref conflicts"),
    ("#feature:sub", "", "subfeature\n", ""),
    ("?subdir=sub&ref=feature", "", "subfeature\n", ""),
    ("?keep-git-dir=true", "withgit", "LATEST\n", ""),
    ("?tag=v0.0.2&keep-git-dir=true", "withgit", "V2\n", ""),
    ("", "withgit", "", "HEAD"),
    ("?keep-git-dir&submodules", "withgit", "LATEST\n", ""),
    ("?keep-git-dir=false", "withgit", "", "HEAD"),
    ("", "withsubmod", "123\n", ""),
    ("?submodules=true", "withsubmod", "123\n", ""),
    ("?submodules", "withsubmod", "123\n", ""),
    ("?submodules=false", "withsubmod", "", "submod"),
]


@needs_git
@pytest.mark.parametrize("kind", ["context", "add"])
@pytest.mark.parametrize("query", QUERIES, ids="".join)
def test_a_repository_is_asked_for_by_its_address(
    plain: Builder, repository: Repository, kind: str, query: tuple[str, str, str, str]
) -> None:
    """GitQueryString: ref, branch, tag, commit, folder, ``.git`` and submodules, as context and in ADD."""
    asked, target, text, error = query
    commits = {"LATEST": repository.latest, "V2": repository.v2, "SHORT2": repository.v2[:8]}
    for word, commit in {**commits, "SHORTL": repository.latest[:8]}.items():
        asked, text = asked.replace(word, commit), text.replace(word, commit)
    url = repository.url + asked

    def result() -> str:
        if kind == "add":
            stages = (
                f"FROM scratch AS main\nADD {url} /repo/\nFROM scratch AS withsubmod\n"
                "COPY --from=main /repo/submod/file /repo/foo\nFROM scratch AS withgit\n"
                "COPY --from=main /repo/.git/HEAD /repo/foo\nFROM main"
            )
            return read(plain(stages, target=target).image, "/repo/foo")
        with open_context(plain.store.home, url) as context:
            dockerfile = parse(context.dockerfile().text)
            options = Options(target=target)
            return read(
                build(plain.store, plan_build(dockerfile, options, target=target), context, options).image, "/out"
            )

    if error:
        with pytest.raises(DockmagicError, match=error):
            result()
    else:
        assert result() == text


@needs_git
@pytest.mark.parametrize("kind", ["sha1", "sha256"])
def test_a_repository_of_either_hash_is_a_context(plain: Builder, tmp_path: Path, kind: str) -> None:
    """DockerfileFromGitSHA1 and …SHA256, AddGitSHA1 and …SHA256: a branch and the default one."""
    work = tmp_path / "site" / kind
    work.mkdir(parents=True)
    _git(work, "init", "-q", f"--object-format={kind}")
    for number in ("1", "2"):
        (work / "Dockerfile").write_text(f"FROM scratch\nCOPY Dockerfile /{number}\n")
        _git(work, "add", ".")
        _git(work, "commit", "-q", "-m", number)
        _git(work, "branch", f"b{number}")
    site = Site(tmp_path / "site")
    _git(work, "update-server-info")
    url = f"{site.url}/{kind}/.git"
    try:
        for ref, name in (("#b1", "/1"), ("", "/2")):
            with open_context(plain.store.home, url + ref) as context:
                image = build(plain.store, make_plan(parse(context.dockerfile().text)), context, Options()).image
            assert added(image) == [name]
        assert added(plain(f"FROM scratch\nADD {url}#b1 /repo/").image) == ["/repo/Dockerfile"]
    finally:
        site.close()


def _tar(entries: Mapping[str, str | bytes]) -> bytes:
    """A tar: a name with a slash at its end is a folder, ``a -> b`` a symbolic and ``a = b`` a hard link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name.split(" ")[0].rstrip("/"))
            info.mode = 0o755 if name.endswith("/") else 0o644
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            elif " -> " in name:
                info.type, info.linkname = tarfile.SYMTYPE, name.split(" ")[2]
            elif " = " in name:
                info.type, info.linkname = tarfile.LNKTYPE, name.split(" ")[2]
            data = content.encode() if isinstance(content, str) else content
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_an_archive_goes_through_a_link_from_the_root(plain: Builder) -> None:
    """DockerfileAddArchiveThroughAbsoluteSymlink: inside the image; names of one file stay one file."""
    rootfs = _tar({"run/": "", "var/": "", "var/run -> /run": ""})
    head = "var/run/act/.git/HEAD"
    payload = _tar({"var/run/act/": "", "var/run/act/.git/": "", head: "ref\n", f"{head}.link = {head}": ""})
    (plain.folder / "rootfs.tar").write_bytes(rootfs)
    (plain.folder / "payload.tar").write_bytes(payload)
    image = plain("FROM scratch\nADD rootfs.tar /\nADD payload.tar /").image
    assert read(image, "/run/act/.git/HEAD") == read(image, "/run/act/.git/HEAD.link") == "ref\n"
    link = image / "run/act/.git/HEAD.link"
    assert link.entry.type.name == "HARDLINK"


def test_archives_are_unpacked_by_wildcard_with_an_owner(plain: Builder) -> None:
    """DockerfileAddArchiveWildcard, DockerfileAddChownArchive, …WithImpliedParentDir."""
    (plain.folder / "t.tar").write_bytes(_tar({"foo": "content0"}))
    (plain.folder / "b.tar").write_bytes(_tar({"etc/dnf/": "", "etc/dnf/bar": "content1"}))
    image = plain("FROM scratch\nADD --chown=100:200 *.tar /dest/").image
    assert (read(image, "/dest/foo"), read(image, "/dest/etc/dnf/bar")) == ("content0", "content1")
    for path in ("dest", "dest/foo"):
        entry = (image / path).entry
        assert (entry.uid, entry.gid) == (100, 200)


def test_only_a_local_archive_of_add_is_unpacked(plain: Builder, tmp_path: Path) -> None:
    """DockerfileAddArchive: not one of COPY, of a URL, or with ``--unpack=false``; a URL's with ``--unpack``."""
    data = _tar({"foo": "content0"})
    (plain.folder / "t.tar").write_bytes(data)
    site = Site(plain.folder)
    image = plain(
        "FROM scratch\nADD t.tar /1/\nADD --unpack=false t.tar /2/\nCOPY t.tar /3/\n"
        f"ADD {site.url}/t.tar /4/\nADD --unpack=true {site.url}/t.tar /5/\nADD {site.url}/t.tar /new.tar"
    ).image
    site.close()
    assert read(image, "/1/foo") == read(image, "/5/foo") == "content0"
    for path in ("2/t.tar", "3/t.tar", "4/t.tar", "new.tar"):
        assert (image / path).read_bytes() == data


def test_a_file_from_the_web_has_the_mode_that_is_asked_for(plain: Builder) -> None:
    """AddURLChmod."""
    (plain.folder / "foo").write_text("content1")
    site = Site(plain.folder)
    lines = "".join(f"ADD --chmod={mode} {site.url}/foo /f{mode}\n" for mode in ("644", "755", "0413", "${mode}"))
    image = plain(f"FROM scratch\nARG mode\n{lines}", build_args={"mode": "400"}).image
    site.close()
    modes = {path: (image / path).entry.mode & 0o7777 for path in ("f644", "f755", "f0413")}
    assert modes == {"f644": 0o644, "f755": 0o755, "f0413": 0o413}
