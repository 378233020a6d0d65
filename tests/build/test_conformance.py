"""Short Dockerfiles and the trees that come of them, and buildah beside us where it is installed.

The cases are those of buildah's conformance test (tests/conformance/conformance_test.go), which builds each with
buildah and with docker and compares type, mode, owner, size, content, link and attributes of every path. Its contexts
are larger; here each has the files that its case is about. Where buildah and BuildKit differ the case says so, and
BuildKit counts.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, NamedTuple

import pytest

from dockmagic.image.archive import load
from dockmagic.oci.errors import DockmagicError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from build_harness import Builder

    from dockmagic.image.image import Image


def _tar(*members: tuple[str, str, int, int]) -> bytes:
    """An archive of files: name (a folder's ends with a slash), content, mode and owner."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content, mode, owner in members:
            info = tarfile.TarInfo(name)
            info.mode, info.uid, info.gid, info.size = mode, owner, owner, len(content)
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            tar.addfile(info, io.BytesIO(content.encode()))
    return out.getvalue()


class Case(NamedTuple):
    """One of them.

    Attributes:
        name: as there.
        dockerfile: the text.
        files: of the context: text, bytes, or ``-> TARGET`` for a link; a folder's name ends with a slash.
        tree: what the image holds, ``MODE OWNER`` with content, link or ``/``; None if the build fails.
        alone: why buildah is not asked.
        modes: of the context's files where it is not 0644.
    """

    name: str
    dockerfile: str
    files: Mapping[str, str | bytes]
    tree: Mapping[str, str] | None
    alone: str = ""
    modes: Mapping[str, int] = {}


_NEWER = "newer than buildah 1.28"
_SCRATCH = "FROM scratch\n"
_NEST = {"a.txt": "a", "x/a.txt": "xa", "x/y/b.txt": "xyb", "z/b.txt": "zb"}
_FOLDER = "755 0 /"
_FILE = "644 0 "

CASES = (
    Case(
        "copy from subdir to new directory",
        _SCRATCH + "COPY dir/file /subdir/",
        {"dir/file": "f"},
        {"/subdir": _FOLDER, "/subdir/file": _FILE + "f"},
    ),
    Case(
        "copy file to deeper directory without explicit slash",
        "FROM scratch AS base\nCOPY 1 /a/1\nFROM scratch\nCOPY --from=base /a/1 /a/b/c",
        {"1": "1"},
        {"/a": _FOLDER, "/a/b": _FOLDER, "/a/b/c": _FILE + "1"},
    ),
    Case(
        "copy directory trailing to root without explicit slash",
        "FROM scratch AS base\nCOPY 1 /a/1\nFROM scratch\nCOPY --from=base a/. /a",
        {"1": "1"},
        {"/a": _FOLDER, "/a/1": _FILE + "1"},
    ),
    Case(
        "copy wildcard folder contents to higher level",
        "FROM scratch AS base\nCOPY . /a/b/\nFROM scratch\nCOPY --from=base /a/b/* /b/",
        {"1": "1", "2": "2"},
        {"/b": _FOLDER, "/b/1": _FILE + "1", "/b/2": _FILE + "2", "/b/Dockerfile": _FILE + "…"},
    ),
    Case(
        "copy from symlink source",
        _SCRATCH + "COPY link /to/\nCOPY . /all/",
        {"file": "f", "link": "-> file", ".dockerignore": "Dockerfile\n.dockerignore"},
        {"/all": _FOLDER, "/all/file": _FILE + "f", "/all/link": "-> file", "/to": _FOLDER, "/to/link": _FILE + "f"},
    ),
    Case(
        "directory with slash",
        _SCRATCH + "COPY one/ /d/\nCOPY two/ /d/",
        {"one/f": "1", "two/g": "2"},
        {"/d": _FOLDER, "/d/f": _FILE + "1", "/d/g": _FILE + "2"},
    ),
    Case(
        "copy-permissions",
        _SCRATCH + "COPY d/ d/\nCOPY --chown=99:98 d/ d/",
        {"d/f": "f"},
        {"/d": _FOLDER, "/d/f": "644 99:98 f"},
    ),
    Case(
        "copy-permissions-implicit",
        _SCRATCH + "COPY --chown=99:98 d/ d/\nCOPY d/ d/",
        {"d/f": "f"},
        {"/d": "755 99:98 /", "/d/f": _FILE + "f"},
    ),
    Case(
        "copy-from-owner",
        "FROM scratch AS a\nADD a.tar /\nFROM scratch\nCOPY --from=a /f /f\nCOPY --from=a --chown=1:1 /f /g",
        {"a.tar": _tar(("f", "f", 0o640, 9))},
        {"/f": "640 9 f", "/g": "640 1 f"},
    ),
    Case(
        "add-permissions",
        _SCRATCH + "ADD a.tar /one/\nADD a/ /two/",
        {"a.tar": _tar(("f", "f", 0o640, 99)), "a/f": "f"},
        {"/one": _FOLDER, "/one/f": "640 99 f", "/two": _FOLDER, "/two/f": _FILE + "f"},
    ),
    Case(
        "setuid-file-in-archive",
        _SCRATCH + "ADD a.tar /",
        {"a.tar": _tar(("u", "u", 0o4755, 3), ("g", "g", 0o2755, 3))},
        {"/g": "2755 3 g", "/u": "4755 3 u"},
    ),
    Case(
        "setuid-file-in-context",
        _SCRATCH + "COPY u /d/",
        {"u": "u"},
        {"/d": _FOLDER, "/d/u": "4755 0 u"},
        "buildah 1.28 drops the bit, docker keeps it",
        {"u": 0o4755},
    ),
    Case(
        "add-archive",
        _SCRATCH + "ADD a.tar d1\nADD a.tar d2/\nCOPY a.tar d3/\nADD a.tar .",
        {"a.tar": _tar(("s/", "", 0o700, 0), ("s/f", "f", 0o600, 0))},
        {
            "/d1": _FOLDER,
            "/d1/s": "700 0 /",
            "/d1/s/f": "600 0 f",
            "/d2": _FOLDER,
            "/d2/s": "700 0 /",
            "/d2/s/f": "600 0 f",
            "/d3": _FOLDER,
            "/d3/a.tar": _FILE + "…",
            "/s": "700 0 /",
            "/s/f": "600 0 f",
        },
    ),
    Case(
        "add-dir-not-dir",
        _SCRATCH + "ADD one.tar /\nADD two.tar /",
        {"one.tar": _tar(("x/", "", 0o755, 0)), "two.tar": _tar(("", "", 0o644, 9), ("x", "f", 0o644, 0))},
        {"/x": _FILE + "f"},
    ),
    Case(
        "add-not-dir-dir",
        _SCRATCH + "ADD one.tar /\nADD two.tar /",
        {"one.tar": _tar(("x", "f", 0o644, 0)), "two.tar": _tar(("x/", "", 0o700, 5))},
        {"/x": "700 5 /"},
    ),
    Case("copy-multiple-some-missing", _SCRATCH + "COPY f none /d/", {"f": "f"}, None),
    Case("copy-multiple-missing-file-with-glob", _SCRATCH + "COPY none f* /d/", {"f": "f"}, None),
    Case(
        "copy-multiple-some-missing-glob",
        _SCRATCH + "COPY f no* /d/",
        {"f": "f"},
        {"/d": _FOLDER, "/d/f": _FILE + "f"},
    ),
    Case(
        "copy-escape-glob",
        _SCRATCH + "COPY [[]x]/f /a/\nCOPY n\\?pe/f /b/f",
        {"[x]/f": "x", "n?pe/f": "1", "nope/f": "2"},
        {"/a": _FOLDER, "/a/f": _FILE + "x", "/b": _FOLDER, "/b/f": _FILE + "2"},
        "its globs know no such class; the backslash is the Dockerfile's, so that both fit, and the last stays",
    ),
    Case(
        "replace-symlink-with-directory",
        _SCRATCH + "COPY one /\nCOPY two /",
        {"one/x": "-> d", "one/d/": "", "two/x/f": ""},
        None,
        "buildah replaces it, BuildKit refuses",
    ),
    Case(
        "replace-directory-with-symlink",
        _SCRATCH + "COPY two /\nCOPY one /",
        {"one/x": "-> d", "two/x/f": ""},
        None,
        "buildah replaces it, BuildKit refuses",
    ),
    Case(
        "dockerignore-allowlist-subdir-file-dir",
        _SCRATCH + "COPY folder /f/",
        {".dockerignore": "**\n!folder/keep\n", "folder/keep": "k", "folder/file1": "1"},
        {"/f": _FOLDER, "/f/keep": _FILE + "k"},
    ),
    Case(
        "dockerignore-allowlist-subdir-nofile-file",
        _SCRATCH + "COPY folder/file1 /f/",
        {".dockerignore": "**\n!folder/none\n", "folder/file1": "1"},
        None,
    ),
    Case(
        "dockerignore-exclude-deep-subdir-dot",
        _SCRATCH + "COPY . /s/",
        {".dockerignore": "**/f\n!**/g\nDockerfile\n.dockerignore", "e/f/g/x": "x", "e/f/y": "y", "e/z": "z"},
        {
            "/s": _FOLDER,
            "/s/e": _FOLDER,
            "/s/e/f": _FOLDER,
            "/s/e/f/g": _FOLDER,
            "/s/e/f/g/x": _FILE + "x",
            "/s/e/z": _FILE + "z",
        },
        "buildah and older dockers do not look into f; BuildKit does where an exception begins with a wildcard",
    ),
    Case(
        "dockerignore-exceptions-weirdness-1",
        _SCRATCH + "COPY ./ /new",
        {".dockerignore": "sub\n!*/sub1*\nDockerfile\n.dockerignore", "sub/sub1.txt": "1", "sub/sub2.txt": "2"},
        {"/new": _FOLDER, "/new/sub": _FOLDER, "/new/sub/sub1.txt": _FILE + "1"},
        "as above",
    ),
    Case(
        "copy--exclude-exception-under-source",
        _SCRATCH + "COPY --exclude=v/test --exclude=!v/exception app/ app/",
        {"app/v/test": "t", "app/v/exception": "e"},
        {"/app": _FOLDER, "/app/v": _FOLDER, "/app/v/exception": _FILE + "e"},
        _NEWER,
    ),
    Case(
        "add--exclude-includes-star",
        _SCRATCH + "ADD --exclude=**/*-c ./d /s/",
        {"d/b": "b", "d/x-c": "", "d/e/y-c": "", "d/e/f": "f"},
        {"/s": _FOLDER, "/s/b": _FILE + "b", "/s/e": _FOLDER, "/s/e/f": _FILE + "f"},
        _NEWER,
    ),
    Case(
        "copy--parents",
        _SCRATCH + "COPY --parents ./x/a.txt ./z/b.txt /p/",
        _NEST,
        {"/p": _FOLDER, "/p/x": _FOLDER, "/p/x/a.txt": _FILE + "xa", "/p/z": _FOLDER, "/p/z/b.txt": _FILE + "zb"},
        _NEWER,
    ),
    Case(
        "copy--parents-all-directories",
        _SCRATCH + "COPY --parents ./ /p/",
        {"x/y/b": "b", ".dockerignore": "Dockerfile\n.dockerignore"},
        {"/p": _FOLDER, "/p/x": _FOLDER, "/p/x/y": _FOLDER, "/p/x/y/b": _FILE + "b"},
        _NEWER,
    ),
    Case(
        "copy--parents-path-with-star",
        _SCRATCH + "COPY --parents ./x/*/b.txt ./*/b.txt /p/",
        _NEST,
        {
            "/p": _FOLDER,
            "/p/x": _FOLDER,
            "/p/x/y": _FOLDER,
            "/p/x/y/b.txt": _FILE + "xyb",
            "/p/z": _FOLDER,
            "/p/z/b.txt": _FILE + "zb",
        },
        _NEWER,
    ),
    Case(
        "copy--parents-directory-limit-parents-unknown-count-parent-directories",
        _SCRATCH + "COPY --parents ./x/./ /p/",
        _NEST,
        {"/p": _FOLDER, "/p/a.txt": _FILE + "xa", "/p/y": _FOLDER, "/p/y/b.txt": _FILE + "xyb"},
        _NEWER,
    ),
    Case(
        "copy--parents-limit-parent-directories",
        _SCRATCH + "COPY --parents ./x/./y/*.txt /p/",
        _NEST,
        {"/p": _FOLDER, "/p/y": _FOLDER, "/p/y/b.txt": _FILE + "xyb"},
        _NEWER,
    ),
    Case(
        "copyglob",
        "ARG SOURCE=x/*.txt\nFROM scratch\nARG SOURCE\nCOPY $SOURCE /d/",
        _NEST,
        {"/d": _FOLDER, "/d/a.txt": _FILE + "xa"},
    ),
    Case(
        "heredoc-copy",
        _SCRATCH + "COPY <<one <<two /d/\n1\none\n2\ntwo",
        {},
        {"/d": _FOLDER, "/d/one": _FILE + "1\n", "/d/two": _FILE + "2\n"},
        _NEWER,
    ),
    Case(
        "workdir-owner (of a user whom nobody has made yet)",
        _SCRATCH + "USER docker:7\nWORKDIR /test/\nCOPY f .",
        {"f": "f"},
        {"/test": "755 0:7 /", "/test/f": _FILE + "f"},
        "buildah makes it for root",
    ),
    Case(
        "multi-stage-derived",
        "FROM scratch AS base\nCOPY f /base/\nFROM base\nCOPY f /one/\nFROM base\nCOPY --from=1 /one/* /two/",
        {"f": "f"},
        {"/base": _FOLDER, "/base/f": _FILE + "f", "/two": _FOLDER, "/two/f": _FILE + "f"},
    ),
    Case(
        "dockerignore-irrelevant",
        _SCRATCH + "COPY d /d/",
        {".dockerignore": "# d\n\n/none\nd/none\n", "d/f": "f"},
        {"/d": _FOLDER, "/d/f": _FILE + "f"},
    ),
)


def _prepare(case: Case, folder: Path) -> None:
    (folder / "Dockerfile").write_text(case.dockerfile)
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        elif content.startswith("-> "):
            path.symlink_to(content[3:])
        else:
            path.write_text(content)
    for path in [folder, *folder.rglob("*")]:  # whatever the umask is
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else case.modes.get(path.name, 0o644))


def _tree(image: Image) -> dict[str, str]:
    return {node.entry.path: _tell(image, node.entry.path) for node in image.files}


def _tell(image: Image, path: str) -> str:
    node = image.files.lookup(path, follow=False)
    entry = node.entry
    if entry.is_symlink:
        return f"-> {entry.target}"
    start = f"{entry.mode:o} {entry.uid}" + (f":{entry.gid}" if entry.gid != entry.uid else "")
    if entry.is_dir:
        return f"{start} /"
    return f"{start} {_shown(path, b''.join(image.layers[node.source].content(entry)))}"


def _shown(path: str, data: bytes) -> str:
    return "…" if path.endswith((".tar", "Dockerfile")) else data.decode()


@pytest.fixture(scope="module")
def bud() -> Iterator[Callable[[Path], Path | None]]:
    """``buildah bud`` of a folder; the archive of the image, None if buildah fails too."""
    if shutil.which("buildah") is None or os.geteuid() != 0:
        pytest.skip("needs buildah and root")
    place = Path(mkdtemp(prefix="dm-bud-"))
    buildah = ("buildah", "--storage-driver=vfs", "--root", str(place / "root"), "--runroot", str(place / "run"))

    def build(folder: Path) -> Path | None:
        archive = place / "image.tar"
        archive.unlink(missing_ok=True)
        words = (
            "bud",
            "--layers",
            "--isolation=chroot",
            "--format=docker",
            "-q",
            "-t",
            f"docker-archive:{archive}:case:1",
        )
        done = subprocess.run([*buildah, *words, str(folder)], check=False, capture_output=True, text=True, timeout=60)
        return archive if done.returncode == 0 else None

    (place / "probe").mkdir()
    (place / "probe" / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    try:
        if build(place / "probe") is None:
            pytest.skip("buildah cannot build here")
        yield build
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_trees_are_those_that_docker_makes(plain: Builder, case: Case) -> None:
    """Every path, with type, mode, owner and content."""
    _prepare(case, plain.folder)
    if case.tree is None:
        with pytest.raises(DockmagicError):
            plain(case.dockerfile)
        return
    assert _tree(plain(case.dockerfile).image) == case.tree


@pytest.mark.parametrize("case", [case for case in CASES if not case.alone], ids=lambda case: case.name)
def test_buildah_makes_the_same_tree(plain: Builder, bud: Callable[[Path], Path | None], case: Case) -> None:
    """And fails where we do."""
    _prepare(case, plain.folder)
    archive = bud(plain.folder)
    if archive is None or case.tree is None:
        assert archive is None
        assert case.tree is None
        return
    with archive.open("rb") as source:
        (image,) = load(source, plain.store)
    assert _tree(image) == case.tree


def test_an_owner_by_name_is_looked_up_below_a_linked_layer(plain: Builder) -> None:
    """Though such a layer depends on nothing else there, and is in the cache from another base."""
    text = "FROM scratch\nCOPY passwd /etc/passwd\nCOPY --link --chown=app f /f\n"
    for uid in (7, 8):
        image = plain(text, {"passwd": f"app:x:{uid}:{uid}:::\n", "f": "f"}).image
        assert _tell(image, "/f") == f"644 {uid} f"
