"""Paths of images against pathlib's own, on the same tree on a disk."""

from __future__ import annotations

import io
import os
import pathlib
import stat
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from dockmagic import ContainerPath, Engine, ImagePath, NotSupported, PathNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic import Image

#: What pathlib's `Path` of Python 3.13 has for reading, and for names.
READING = [
    "absolute",
    "anchor",
    "as_posix",
    "drive",
    "exists",
    "full_match",
    "glob",
    "group",
    "is_absolute",
    "is_block_device",
    "is_char_device",
    "is_dir",
    "is_fifo",
    "is_file",
    "is_junction",
    "is_mount",
    "is_relative_to",
    "is_socket",
    "is_symlink",
    "iterdir",
    "joinpath",
    "lstat",
    "match",
    "name",
    "open",
    "owner",
    "parent",
    "parents",
    "parts",
    "read_bytes",
    "read_text",
    "readlink",
    "relative_to",
    "resolve",
    "rglob",
    "root",
    "samefile",
    "stat",
    "stem",
    "suffix",
    "suffixes",
    "walk",
    "with_name",
    "with_segments",
    "with_stem",
    "with_suffix",
]

TREE = {
    "a/": None, "a/b/": None, "a/b/c.py": b"c", "a/b/d.txt": b"dd", "a/x.py": b"", "a/.hidden": b"h", "a/B.PY": b"",
    "e/": None, "e/f/": None, "e/f/g/": None, "e/f/g/h.py": b"h", "top.py": b"t", "with space": b"s", "[x]": b"b",
}  # fmt: skip
LINKS = {"a/up": "..", "e/link": "f", "to-file": "a/x.py", "broken": "no/where", "loop": "loop", "abs": "/a/b"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Image, pathlib.Path]]:
    """The same tree as an image and on the disk; absolute links lead into the tree on both."""
    folder = tmp_path_factory.mktemp("tree")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in TREE.items():
            path = folder / name
            if content is None:
                path.mkdir()
            else:
                path.write_bytes(content)
            info = tarfile.TarInfo(name.rstrip("/"))
            info.type, info.mode = (tarfile.DIRTYPE, 0o755) if content is None else (tarfile.REGTYPE, 0o640)
            path.chmod(info.mode)
            info.size, info.mtime = len(content or b""), 1_700_000_000
            tar.addfile(info, io.BytesIO(content or b""))
        for name, target in LINKS.items():
            (folder / name).symlink_to(f"{folder}{target}" if target.startswith("/") else target)
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    out.seek(0)
    for name, content in TREE.items():
        if content is not None:
            os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    with Engine(tmp_path_factory.mktemp("home")) as engine:
        yield engine.images.import_rootfs(out, "tree:1"), folder


def outcome(call: Any) -> Any:
    """What a call gives, or which of pathlib's errors it raises."""
    try:
        return call()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        return next(one for one in (FileNotFoundError, NotADirectoryError, IsADirectoryError) if isinstance(error, one))


@pytest.fixture(scope="module")
def rooted(both: tuple[Image, pathlib.Path]) -> Iterator[tuple[tuple[Any, ...], pathlib.Path]]:
    """The root of the image, that of a container on it where one can be made, and the folder."""
    image, folder = both
    engine: Any = image.actions._engine  # type: ignore[union-attr]
    try:
        container = engine.containers.create(image, "/none")
    except NotSupported:
        yield (image / "/",), folder
        return
    yield (image / "/", container / "/"), folder
    container.remove(force=True)


@pytest.mark.parametrize("kind", [ImagePath, ContainerPath])
def test_every_reading_method_of_pathlib_is_there(kind: type) -> None:
    """Of Python 3.13, on every Python; and none that writes does anything."""
    assert [name for name in READING if not hasattr(kind, name)] == []
    if sys.version_info >= (3, 13):
        writing = [
            "as_uri",
            "chmod",
            "cwd",
            "expanduser",
            "from_uri",
            "hardlink_to",
            "home",
            "is_reserved",
            "lchmod",
            "mkdir",
            "rename",
            "replace",
            "rmdir",
            "symlink_to",
            "touch",
            "unlink",
            "write_bytes",
            "write_text",
            "parser",
            "copy",
            "copy_into",
            "move",
            "move_into",
            "info",
        ]
        public = {name for name in dir(pathlib.Path) if not name.startswith("_")}
        assert public - set(writing) <= set(READING)


PLACES = sorted({name.rstrip("/") for name in TREE} | set(LINKS) | {"a/up/e", "nowhere", "top.py/below", "a/nowhere"})
LOOPING = {"loop"}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_asked_of_a_path_is_answered_as_on_the_disk(both: tuple[Image, pathlib.Path], place: str) -> None:
    """Kinds, sizes, contents, lists and links; errors of the same classes."""
    image, folder = both
    ours, theirs = image / place, folder / place
    for name in ("is_symlink", "is_fifo", "is_socket", "is_block_device", "is_char_device", "is_dir", "is_file"):
        assert getattr(ours, name)() == getattr(theirs, name)(), name
    assert stat.S_IFMT(outcome(ours.lstat).st_mode if ours.is_symlink() or ours.exists() else 0) == (
        stat.S_IFMT(theirs.lstat().st_mode) if theirs.is_symlink() or ours.exists() else 0
    )
    if place in LOOPING:
        with pytest.raises(PathNotFound):
            ours.stat()
        return
    assert ours.exists() == theirs.exists()
    if theirs.is_file():
        for key in ("st_mode", "st_size", "st_mtime"):
            assert getattr(ours.stat(), key) == getattr(theirs.stat(), key)
        assert ours.stat().st_mode == theirs.stat().st_mode
    assert outcome(ours.read_bytes) == outcome(theirs.read_bytes)
    assert outcome(lambda: sorted(one.name for one in ours.iterdir())) == outcome(
        lambda: sorted(one.name for one in theirs.iterdir())
    )


#: Before Python 3.13, pathlib found directories alone for ``**`` at the end, and followed links in the midst.
_SINCE_3_13 = ["**", "**/f", "a/**/c.py"] if sys.version_info >= (3, 13) else []
PATTERNS = [
            *_SINCE_3_13,
            "*", "*.py", "*.PY", "**/*.py", "a/*", "*/b", "?op.py", "[a-e]", "[[]x]", "a/b/../x.py", "e/link/*",
            "with space", "nothing", ".hidden", "*/.hidden", "abs/*", "top.py/*"]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_glob_finds_what_pathlib_finds(both: tuple[Image, pathlib.Path], pattern: str) -> None:
    """The order is by name here."""
    image, folder = both
    assert sorted(str(one) for one in (image / "/").glob(pattern)) == sorted(
        "/" + str(one.relative_to(folder)) if one != folder else "/" for one in folder.glob(pattern)
    )


FOUND = {
    "*.py": ["/top.py"],
    "**/*.py": ["/a/b/c.py", "/a/x.py", "/e/f/g/h.py", "/top.py"],
    "e/**": ["/e", "/e/f", "/e/f/g", "/e/f/g/h.py", "/e/link"],
    "a/*": ["/a/.hidden", "/a/B.PY", "/a/b", "/a/up", "/a/x.py"],
    "e/link/*": ["/e/link/g"],
    "**/g/": ["/e/f/g"],
    "nothing": [],
}


@pytest.mark.parametrize("pattern", FOUND)
def test_glob_finds_the_same_on_every_python(both: tuple[Image, pathlib.Path], pattern: str) -> None:
    """As pathlib of Python 3.13 says."""
    assert sorted(map(str, (both[0] / "/").glob(pattern))) == FOUND[pattern]


def test_rglob_and_walk_see_the_whole_tree(both: tuple[Image, pathlib.Path]) -> None:
    """Links to folders are not entered."""
    image, folder = both
    assert [str(one) for one in (image / "e").rglob("*.py")] == ["/e/f/g/h.py"]
    ours = sorted((str(at), sorted(dirs), sorted(files)) for at, dirs, files in (image / "a").walk())
    theirs = []
    for at, dirs, files in os.walk(folder / "a"):
        links = [name for name in dirs if pathlib.Path(at, name).is_symlink()]
        theirs.append(("/" + os.path.relpath(at, folder), sorted(set(dirs) - set(links)), sorted([*files, *links])))
    assert ours == sorted(theirs)


segments = some.one_of(
    some.sampled_from(
        ["*", "**", "a", "b", "e", "f", "g", "a*", "?", "*.py", "[a-f]", "[!a]", "link", "up", "abs", ".*"]
    ),
    some.text("abefg*?.py", min_size=1, max_size=4).filter(lambda text: "**" not in text and text not in (".", "..")),
)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="pathlib's glob of Python 3.13 is what ours is held to")
@settings(max_examples=300, deadline=None)
@given(pattern=some.lists(segments, min_size=1, max_size=4).map("/".join))
def test_any_pattern_finds_what_pathlib_finds(rooted: tuple[tuple[Any, ...], pathlib.Path], pattern: str) -> None:
    """In an image and in a container on it; links, hidden names and double stars in any order."""
    roots, folder = rooted
    expected = sorted({"/" + os.path.relpath(one, folder) for one in folder.glob(pattern)})
    for root in roots:
        found = sorted({"/" + os.path.relpath(str(one), "/") for one in root.glob(pattern)})
        assert found == expected, (root, pattern)


@given(
    place=some.sampled_from(["/", "/a", "/a/b", "/e", "/e/f", "/e/link", "/abs", "/a/up/e", "/nothing", "/top.py"]),
    top_down=some.booleans(),
)
def test_walk_goes_where_os_walk_goes(rooted: tuple[tuple[Any, ...], pathlib.Path], place: str, top_down: bool) -> None:  # noqa: FBT001  (a value of hypothesis)
    """From any folder, in both orders, with links to folders among the files."""
    roots, folder = rooted
    at = f"{folder}{place}"
    expected = []
    for where, folders, files in os.walk(at, topdown=top_down):
        links = {name for name in folders if pathlib.Path(where, name).is_symlink()}
        expected.append((os.path.relpath(where, at), sorted(set(folders) - links), sorted([*files, *links])))
    for root in roots:
        start = root / place
        found = [
            (os.path.relpath(str(where), str(start)), sorted(folders), sorted(files))
            for where, folders, files in start.walk(top_down=top_down)
        ]
        assert sorted(found) == sorted(expected), (root, place)


parts = some.lists(some.sampled_from(["a", "b", "c.py", "..", ".hidden", "x.tar.gz", "a*"]), min_size=1, max_size=4)


@given(parts, parts)
def test_names_are_put_together_as_in_pathlib(one: list[str], other: list[str]) -> None:
    """Parts, names, endings, parents and relations of paths."""
    layers: Any = None
    first, second = "/" + "/".join(one), "/" + "/".join(other)
    ours, theirs = ImagePath(layers, first), pathlib.PurePosixPath(first)
    for name in ("parts", "name", "stem", "suffix", "suffixes", "anchor", "root", "drive"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert [str(parent) for parent in ours.parents] == [str(parent) for parent in theirs.parents]
    assert ours.is_relative_to(second) == theirs.is_relative_to(second)
    assert ours.match("/".join(other)) == theirs.match("/".join(other))
    assert str(ours.joinpath(*other)) == str(theirs.joinpath(*other))


def test_the_builtin_open_does_not_take_it(both: tuple[Image, pathlib.Path]) -> None:
    """It would open the file of this machine that has the same name."""
    for call in (open, os.fspath, pathlib.Path):
        with pytest.raises(TypeError):
            call(both[0] / "etc/passwd")  # type: ignore[operator]


@pytest.mark.parametrize("mode", ["w", "a", "x", "r+", "wb", "rb+"])
def test_nothing_is_written(both: tuple[Image, pathlib.Path], mode: str) -> None:
    """The error is that of a file system that is read-only."""
    with pytest.raises(OSError, match="Read-only file system"):
        (both[0] / "top.py").open(mode)  # type: ignore[call-overload]


def test_text_is_utf_8_whatever_the_locale(tmp_path: pathlib.Path) -> None:
    """Another encoding has to be named."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("text")
        info.size = 3
        tar.addfile(info, io.BytesIO("ü\n".encode()))
    out.seek(0)
    with Engine(tmp_path / "home") as engine:
        engine.images.import_rootfs(out, "text:1")
    code = """import locale, sys; from dockmagic import Engine
path = Engine(sys.argv[1]).images["text:1"] / "text"
print(ascii([locale.getencoding(), path.read_text(), path.open().read(), path.read_text("latin-1")]))"""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", code, str(tmp_path / "home")]
    printed = subprocess.run(command, env=plain, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == r"['ANSI_X3.4-1968', '\xfc\n', '\xfc\n', '\xc3\xbc\n']"


def test_a_hostile_tree_leads_nowhere(tmp_path: pathlib.Path) -> None:
    """Links out of the image end in it, loops end, and names need not be UTF-8."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, target in {"out": "/etc/passwd", "up": "../../../../etc/passwd", "one": "two", "two": "one"}.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
        info = tarfile.TarInfo(b"caf\xe9".decode("utf-8", "surrogateescape"))
        info.size = 1
        tar.addfile(info, io.BytesIO(b"!"))
    out.seek(0)
    with Engine(tmp_path / "home") as engine:
        image = engine.images.import_rootfs(out, "hostile:1")
        for name in ("out", "up", "one"):
            assert not (image / name).exists()
            assert (image / name).is_symlink()
            with pytest.raises(FileNotFoundError):
                (image / name).read_bytes()
        (odd,) = (one for one in (image / "/").iterdir() if one.name.startswith("caf"))
        assert odd.read_bytes() == b"!"
        assert os.fsencode(odd.name) == b"caf\xe9"
        assert [str(one) for one in (image / "/").glob("caf*")] == [str(odd)]


def test_a_device_has_no_content(tmp_path: pathlib.Path) -> None:
    """Its kind is told; reading it is refused."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("pipe")
        info.type = tarfile.FIFOTYPE
        tar.addfile(info)
    out.seek(0)
    with Engine(tmp_path / "home") as engine:
        path = engine.images.import_rootfs(out, "pipe:1") / "pipe"
        assert path.is_fifo()
        with pytest.raises(NotSupported, match="no regular file"):
            path.read_bytes()
