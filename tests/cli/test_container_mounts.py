"""What is mounted in a container, when it runs and when files are copied while it does not: as docker 20.10 has it."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Typed = Callable[..., Any]


@pytest.fixture
def mounts(typed: Typed, box: str, tmp_path: Path) -> str:
    """The name of the image, where a container can have mounts; skips elsewhere."""
    (tmp_path / "probe").mkdir()
    done = typed("create --name probe -v", f"{tmp_path}/probe:/probe", box, "true")
    if done.code:
        pytest.skip(f"this tier cannot mount: {done.err}")
    typed("rm probe")
    return box


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a file ``f`` and an empty folder ``bound``."""
    (tmp_path / "f").write_text("hi\n")
    (tmp_path / "bound").mkdir()
    return tmp_path


def _names(typed: Typed, path: str) -> list[str]:
    """The names in the archive of a path."""
    done = typed("cp", path, "-")
    assert done.code == 0, done.err
    with tarfile.open(fileobj=io.BytesIO(done.out.encode())) as tar:
        return sorted(member.name for member in tar)


@pytest.mark.parametrize("target", ["/mnt", "/mnt/", "/mnt/f"])
def test_a_copy_into_a_mount_reaches_the_host_before_the_container_ever_ran(
    typed: Typed, mounts: str, here: Path, target: str
) -> None:
    """The mount point is made for it, and is no change of the container's."""
    typed("create --name cpt -v", f"{here}/bound:/mnt", mounts, "cat", "/mnt/f")
    done = typed("cp", f"{here}/f", f"cpt:{target}")
    assert done.code == 0, done.err
    assert (here / "bound" / "f").read_text() == "hi\n"
    assert typed("diff cpt").lines == []
    assert typed("start -a cpt").out == "hi\n"


def test_a_copy_out_of_a_mount_reads_the_host_before_the_container_ever_ran(
    typed: Typed, mounts: str, here: Path
) -> None:
    """A file, the folder itself, and what is in it."""
    (here / "bound" / "g").write_text("of the host")
    typed("create --name cpt -v", f"{here}/bound:/a/b/mnt:ro", mounts, "true")
    assert _names(typed, "cpt:/a/b/mnt/g") == ["g"]
    assert _names(typed, "cpt:/a/b/mnt") == ["mnt", "mnt/g"]
    assert typed("cp", "cpt:/a/b/mnt/.", f"{here}/out").code == 0
    assert (here / "out" / "g").read_text() == "of the host"


def test_a_copy_finds_mounts_inside_mounts(typed: Typed, mounts: str, here: Path) -> None:
    """A folder and a volume in a folder; also when it has run, and by a volume's own path."""
    (here / "deep").mkdir()
    typed(
        "create --name cpt -v", f"{here}/deep:/m/in/deep", "-v", "own:/m/vol", "-v", f"{here}/bound:/m", mounts, "true"
    )
    assert typed("cp", f"{here}/f", "cpt:/m/in/deep/x").code == 0
    assert typed("cp", f"{here}/f", "cpt:/m/vol/y").code == 0
    assert (here / "deep" / "x").read_text() == "hi\n"
    assert not list((here / "bound" / "in" / "deep").iterdir())
    assert typed("start -a cpt").code == 0
    assert {"m/in/deep/x", "m/vol/y"} <= set(_names(typed, "cpt:/m"))
    assert typed(f"run --rm -v own:/v {mounts} ls /v").out == "y\n"


def test_nothing_is_copied_to_what_is_read_only(typed: Typed, mounts: str, here: Path) -> None:
    """A mounted folder, a volume, the root; but what is mounted writable over a read-only root takes it."""
    typed("create --name cpt -v", f"{here}/bound:/mnt:ro", "-v", "kept:/vol:ro", mounts, "true")
    for target in ("/mnt/f", "/mnt", "/vol/f", "/vol"):
        done = typed("cp", f"{here}/f", f"cpt:{target}")
        assert (done.code, "mounted volume is marked read-only" in done.err) == (1, True), done.err
    typed("create --name root --read-only -v", f"{here}/bound:/mnt", mounts, "true")
    done = typed("cp", f"{here}/f", "root:/f")
    assert (done.code, "container rootfs is marked read-only" in done.err) == (1, True), done.err
    assert typed("cp", f"{here}/f", "root:/mnt/").code == 0
    assert [path.name for path in (here / "bound").iterdir()] == ["f"]


def test_a_copy_says_which_mount_cannot_be_made(typed: Typed, mounts: str, here: Path) -> None:
    """A folder that is to lie on a file of the image is told in one line, without a traceback."""
    typed("create --name cpt -v", f"{here}/bound:/etc/passwd", mounts, "true")
    done = typed("cp", f"{here}/f", "cpt:/tmp/f")
    assert done.code == 1
    assert "/etc/passwd of the image cannot be mounted over" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_folder_for_v_is_made_when_it_is_needed(typed: Typed, mounts: str, here: Path) -> None:
    """At the start or by a copy, as docker does, not at the creation; ``--mount`` asks for one that is there."""
    typed("create --name cpt -v", f"{here}/a/b:/mnt", mounts, "touch", "/mnt/x")
    assert not (here / "a").exists()
    assert typed("cp", f"{here}/f", "cpt:/mnt/f").code == 0
    assert typed("start -a cpt").code == 0
    assert {path.name for path in (here / "a" / "b").iterdir()} == {"f", "x"}
    assert typed("run --rm -v", f"{here}/ro:/mnt:ro", mounts, "true").code == 0
    assert (here / "ro").is_dir()
    done = typed("run --rm --mount", f"type=bind,src={here}/none,dst=/mnt", mounts, "true")
    assert (done.code, "bind source path does not exist" in done.err) == (125, True)
    done = typed("run --rm -v", f"{here}/f/none:/mnt", mounts, "true")
    assert (done.code, "cannot be made: Not a directory" in done.err) == (125, True)


@pytest.mark.parametrize(
    ("flags", "duplicate"),
    [
        ("-v /x -v /x", False),
        ("-v HERE:/x -v HERE:/x", False),
        ("-v /x -v HERE:/x", False),
        ("-v /x --mount type=volume,dst=/x", False),
        ("-v /x --tmpfs /x", False),
        ("--tmpfs /x --tmpfs /x:size=1m", False),
        ("-v HERE:/x -v one:/x", True),
        ("-v one:/x -v two:/x/", True),
        ("-v one:/x --mount type=tmpfs,dst=/x", True),
        ("-v one:/x --tmpfs /x", True),
        ("--mount type=volume,dst=/x --mount type=tmpfs,dst=/x", True),
    ],
)
def test_two_mounts_at_one_place(typed: Typed, mounts: str, here: Path, flags: str, *, duplicate: bool) -> None:
    """The same twice is once, an anonymous volume gives way, and two that were named are an error."""
    done = typed("create --name cpt", *flags.replace("HERE", str(here)).split(), mounts, "true")
    assert done.code == (1 if duplicate else 0), done.err
    assert ("Duplicate mount point: /x" in done.err) is duplicate
    if not duplicate:
        assert typed("start -a cpt").code == 0


def test_what_is_named_goes_over_the_volumes_of_another_container(typed: Typed, mounts: str, here: Path) -> None:
    """``--volumes-from``: below ``-v NAME:…`` and ``--tmpfs``, above ``-v /x``; the later of two containers."""
    typed("create --name from -v ours:/x -v", f"{here}/bound:/y", mounts, "true")
    shown = "{{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}}|{{end}}"

    def at_x(*flags: str) -> str:
        assert typed("create --name cpt", *flags, mounts, "true").code == 0
        found = next(line for line in typed("inspect -f", shown, "cpt").out.split("|") if line.endswith(" /x"))
        typed("rm cpt")
        return found

    assert "/ours/" in at_x("--volumes-from", "from", "-v", "/x")
    assert "/theirs/" in at_x("--volumes-from", "from", "-v", "theirs:/x")
    assert at_x("-v", f"{here}:/x", "--volumes-from", "from") == f"bind {here} /x"
    assert at_x("--volumes-from", "from", "--tmpfs", "/x") == "tmpfs  /x"
    typed("create --name other -v theirs:/x", mounts, "true")
    assert "/theirs/" in at_x("--volumes-from", "from", "--volumes-from", "other")
    for text, message in (("", "cannot be an empty string"), ("from:no", "invalid mode: no")):
        done = typed("create --volumes-from", text, mounts, "true")
        assert (done.code, message in done.err) == (1, True)


def test_generated_files_lie_over_a_volume_at_etc(typed: Typed, mounts: str, here: Path) -> None:
    """Over a folder, a fresh volume and a tmpfs; a file that is mounted by name goes over its own."""
    script = "cat /etc/hostname; grep -c localhost /etc/hosts; ls /etc"
    for flags in (("-v", f"{here}/bound:/etc"), ("--tmpfs", "/etc")):
        done = typed("run --rm --hostname named", *flags, mounts, "sh", "-c", script)
        assert done.lines[0] == "named", done.err
        assert done.lines[2:] == ["hostname", "hosts", "resolv.conf"]
    done = typed("run --rm --hostname named -v fresh:/etc -v", f"{here}/f:/etc/hosts", mounts, "cat", "/etc/hosts")
    assert done.out == "hi\n"


def test_a_read_only_root_covers_the_generated_files(typed: Typed, mounts: str) -> None:
    """/etc/hosts, /etc/hostname and /etc/resolv.conf, also over a volume that is writable."""
    for flags in ((), ("-v", "etc:/etc")):
        for name in ("hosts", "hostname", "resolv.conf"):
            done = typed("run --rm --read-only", *flags, mounts, "sh", "-c", f"echo >> /etc/{name}")
            assert done.code in (1, 2), (flags, name)  # as the shell of the image has it
            assert "Read-only file system" in done.err
    assert typed("run --rm", mounts, "sh", "-c", "echo 127.0.0.9 x >> /etc/hosts").code == 0


def test_a_tmpfs_on_a_file_is_told_in_words(typed: Typed, mounts: str) -> None:
    """And not as an error of the kernel's."""
    done = typed("run --rm --tmpfs /etc/passwd", mounts, "true")
    assert done.code == 125
    assert "/etc/passwd of the image cannot be mounted over: a tmpfs is to lie on a file" in done.err
