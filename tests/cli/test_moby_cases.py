"""What docker's own tests expect of ``cp``, ``diff`` and ``commit``, transcribed as facts.

From moby, commit b985e2313a86: ``integration/container/{copy,diff}_test.go`` and
``integration-cli/docker_cli_{commit,cp,cp_from_container,cp_to_container,cp_utils}_test.go``; each test names its own.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Typed = Callable[..., Any]

# docker_cli_cp_utils_test.go, defaultFileData
_FILES = {
    **{f"file{number}": f"file{number}\n" for number in range(1, 8)},
    "dir1/file1-1": "file1-1\n", "dir1/file1-2": "file1-2\n", "dir2/file2-1": "file2-1\n", "dir2/file2-2": "file2-2\n",
}  # fmt: skip
_LINKS = {
    "symlinkToFile1": "file1", "symlinkToDir1": "dir1", "brokenSymlinkToFileX": "fileX", "brokenSymlinkToDirX": "dirX",
}  # fmt: skip


def _content(folder: Path) -> Path:
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "dir5").mkdir()
    for name, target in _LINKS.items():
        (folder / name).symlink_to(target)
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder of this machine with docker's files."""
    return _content(tmp_path / "here")


@pytest.fixture
def there(typed: Typed, box: str, tmp_path: Path) -> str:
    """A container that does not run, with docker's files in its folder ``/t``: ``cpt``."""
    source = _content(tmp_path / "there")
    assert typed("create --name cpt", box, "true").code == 0
    assert typed("cp", str(source), "cpt:/t").code == 0
    return "cpt"


def _inside(typed: Typed, path: str) -> str:
    """The text of a file in the container."""
    done = typed("cp", f"cpt:{path}", "-")
    assert done.code == 0, done.err
    with tarfile.open(fileobj=io.BytesIO(done.out.encode())) as tar:
        file = tar.extractfile(tar.getmembers()[0])
        assert file is not None
        return file.read().decode()


# docker_cli_cp_from_container_test.go, docker_cli_cp_to_container_test.go: cases A to J, each with DST also through a
# symbolic link where there is one. (source, target, what is then there and what it holds, or a piece of the error)
_CASES = [
    ("A", "file1", "itWorks.txt", ("itWorks.txt", "file1\n")),
    ("B", "file1", "testDir/", "must exist"),
    ("C", "file1", "file2", ("file2", "file1\n")),
    ("C link", "file2", "symlinkToFile1", ("file1", "file2\n")),
    ("C broken link", "file2", "brokenSymlinkToFileX", ("fileX", "file2\n")),
    ("D", "file1", "dir1", ("dir1/file1", "file1\n")),
    ("D slash", "file1", "dir1/", ("dir1/file1", "file1\n")),
    ("D link", "file2", "symlinkToDir1", ("dir1/file2", "file2\n")),
    ("E", "dir1", "testDir", ("testDir/file1-1", "file1-1\n")),
    ("E slash", "dir1", "testDir/", ("testDir/file1-1", "file1-1\n")),
    ("E broken link", "dir2", "brokenSymlinkToDirX", ("dirX/file2-1", "file2-1\n")),
    ("F", "dir1", "file1", "cannot copy directory"),
    ("G", "dir1", "dir5", ("dir5/dir1/file1-1", "file1-1\n")),
    ("G slash", "dir1", "dir5/", ("dir5/dir1/file1-1", "file1-1\n")),
    ("G link", "dir2", "symlinkToDir1", ("dir1/dir2/file2-1", "file2-1\n")),
    ("H", "dir1/.", "testDir", ("testDir/file1-1", "file1-1\n")),
    ("H slash", "dir1/.", "testDir/", ("testDir/file1-1", "file1-1\n")),
    ("I", "dir1/.", "file1", "cannot copy directory"),
    ("J", "dir1/.", "dir5", ("dir5/file1-1", "file1-1\n")),
    ("J slash", "dir1/.", "dir5/", ("dir5/file1-1", "file1-1\n")),
]


@pytest.mark.parametrize(("source", "target", "outcome"), [case[1:] for case in _CASES], ids=[c[0] for c in _CASES])
def test_a_copy_out_goes_where_docker_puts_it(
    typed: Typed, there: str, here: Path, *, source: str, target: str, outcome: tuple[str, str] | str
) -> None:
    """TestCpFromCaseA to J and TestCpFromSymlinkDestination; a link that is the target stays one."""
    done = typed("cp", f"{there}:/t/{source}", f"{here}/{target}")
    if isinstance(outcome, str):
        assert done.code == 1
        assert outcome in done.err
    else:
        assert done.code == 0, done.err
        assert (here / outcome[0]).read_text() == outcome[1]
    if target in _LINKS:
        assert (here / target).readlink().name == _LINKS[target]


@pytest.mark.parametrize(("source", "target", "outcome"), [case[1:] for case in _CASES], ids=[c[0] for c in _CASES])
def test_a_copy_in_goes_where_docker_puts_it(
    typed: Typed, there: str, here: Path, *, source: str, target: str, outcome: tuple[str, str] | str
) -> None:
    """TestCpToCaseA to J and TestCpToSymlinkDestination."""
    done = typed("cp", f"{here}/{source}", f"{there}:/t/{target}")
    if isinstance(outcome, str):
        assert done.code == 1
        assert outcome in done.err
    else:
        assert done.code == 0, done.err
        assert _inside(typed, f"/t/{outcome[0]}") == outcome[1]


# copy_test.go, TestCopyFromContainer: names that are in the archive, and what they hold; "" for what has no content.
_ALL = {"foo": "hello", "bar/quux/baz": "world", "bar/filesymlink": "", "bar/dirsymlink": "", "bar/notarget": ""}
_DOTS = {"./": ""} | {f"./{name}": text for name, text in _ALL.items()}
_ARCHIVES = {
    "/": {"/": ""} | {f"/{name}": text for name, text in _ALL.items()},
    ".": _DOTS, "/.": _DOTS, "./": _DOTS, "/./": _DOTS,
    "/bar/root": {"root": ""},
    "/bar/root/": {"root/": ""} | {f"root/{name}": text for name, text in _ALL.items()},
    "/bar/root/.": _DOTS,
    "bar/quux": {"quux/": "", "quux/baz": "world"},
    "bar/quux/": {"quux/": "", "quux/baz": "world"},
    "bar/quux/.": {"./": "", "./baz": "world"},
    "bar/quux/baz": {"baz": "world"},
    "bar/filesymlink": {"filesymlink": ""},
    "bar/dirsymlink": {"dirsymlink": ""},
    "bar/dirsymlink/": {"dirsymlink/": "", "dirsymlink/baz": "world"},
    "bar/dirsymlink/.": {"./": "", "./baz": "world"},
    "bar/notarget": {"notarget": ""},
}  # fmt: skip


@pytest.mark.parametrize("path", _ARCHIVES)
def test_an_archive_has_the_names_that_docker_gives(typed: Typed, box: str, path: str) -> None:
    """TestCopyFromContainer: ``cp CONTAINER:PATH -``, all but a member for the root itself."""
    script = (
        "echo -n hello > /foo; mkdir -p /bar/quux; echo -n world > /bar/quux/baz; cd /bar; ln -s notexist notarget;"
        "ln -s quux/baz filesymlink; ln -s quux dirsymlink; ln -s / root"
    )
    assert typed("run --name cpt", box, "sh", "-ec", script).code == 0
    # With programs in it an archive is no text, as which `typed` reads what is written.
    done = subprocess.run(
        [sys.executable, "-m", "dockmagic", "cp", f"cpt:{path}", "-"], capture_output=True, check=True
    )
    found = {}
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            found[_plain(member.name)] = content.read().decode(errors="replace") if content else ""
    wanted = {_plain(name): text for name, text in _ARCHIVES[path].items() if name not in ("/", "./")}
    assert {name: found.get(name) for name in wanted} == wanted


def _plain(name: str) -> str:
    return os.path.normpath("/" + name.lstrip("/"))


@pytest.mark.parametrize(
    ("path", "message"),
    [("/dne", "Could not find the file /dne in container"), ("/etc/passwd/", "not a directory"), ("/etc/passwd/.", "")],
)
def test_what_is_not_there_is_not_copied_out(typed: Typed, there: str, path: str, message: str) -> None:
    """TestCopyFromContainerPathDoesNotExist, TestCopyFromContainerPathIsNotDir."""
    done = typed("cp", f"{there}:{path.replace('/etc/passwd', '/t/file1')}", "-")
    assert done.code == 1
    assert message in done.err


@pytest.mark.parametrize(("path", "message"), [("/dne", "/dne"), ("/t/file1", "not a directory")])
def test_an_archive_needs_a_folder(typed: Typed, there: str, path: str, message: str) -> None:
    """TestCopyToContainerPathDoesNotExist, TestCopyToContainerPathIsNotDir."""
    done = typed("cp", "-", f"{there}:{path}", stdin=_tar("x", b"x"))
    assert done.code == 1
    assert message in done.err


def _tar(name: str, content: bytes, uid: int = 0) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size, info.uid, info.gid = len(content), uid, uid
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def test_an_empty_file_and_an_empty_archive_are_copied(typed: Typed, there: str) -> None:
    """TestCopyEmptyFile."""
    assert typed("cp", "-", f"{there}:/t", stdin=b"").code == 0
    assert typed("cp", "-", f"{there}:/t", stdin=bytes(1024)).code == 0
    assert typed("cp", "-", f"{there}:/t", stdin=_tar("empty", b"")).code == 0
    assert _inside(typed, "/t/empty") == ""


def test_only_one_end_is_in_a_container(typed: Typed, tmp_path: Path) -> None:
    """TestCpLocalOnly."""
    done = typed("cp", str(tmp_path / "a"), str(tmp_path / "b"))
    assert done.code == 1
    assert "must specify at least one container source" in done.err


def test_dots_and_links_do_not_lead_out(typed: Typed, there: str, tmp_path: Path) -> None:
    """TestCpGarbagePath, TestCpRelativePath, TestCpAbsolutePath, TestCpSymlinkComponent: the container's own file."""
    for path in ("../../../../../../../../../../../../t/file1", "/../../../../../../../../../../t/file1", "t/file1"):
        assert typed("cp", f"{there}:{path}", str(tmp_path)).code == 0
        assert (tmp_path / "file1").read_text() == "file1\n"
    assert typed("cp", f"{there}:/t/symlinkToDir1/file1-1", str(tmp_path)).code == 0
    assert (tmp_path / "file1-1").read_text() == "file1-1\n"


def test_a_link_is_copied_as_a_link_unless_told_otherwise(typed: Typed, there: str, tmp_path: Path) -> None:
    """TestCpAbsoluteSymlink, TestCpFromSymlinkToDirectory, TestCpSymlinkFromConToHostFollowSymlink."""
    assert typed("cp", f"{there}:/t/symlinkToFile1", f"{tmp_path}/as-link").code == 0
    assert str((tmp_path / "as-link").readlink()) == "file1"
    assert typed("cp", f"{there}:/t/symlinkToDir1", f"{tmp_path}/as-link2").code == 0
    assert str((tmp_path / "as-link2").readlink()) == "dir1"
    assert typed("cp", "-L", f"{there}:/t/symlinkToFile1", f"{tmp_path}/as-file").code == 0
    assert not (tmp_path / "as-file").is_symlink()
    assert (tmp_path / "as-file").read_text() == "file1\n"
    (tmp_path / "folder").mkdir()
    assert typed("cp", "-L", f"{there}:/t/symlinkToFile1", f"{tmp_path}/folder").code == 0
    assert (tmp_path / "folder" / "symlinkToFile1").read_text() == "file1\n"


def test_a_name_may_have_a_colon(typed: Typed, there: str, tmp_path: Path) -> None:
    """TestCpNameHasColon."""
    (tmp_path / "te:s:t").write_text("colon")
    assert typed("cp", f"{tmp_path}/te:s:t", f"{there}:/t/te:s:t").code == 0
    assert typed("cp", f"{there}:/t/te:s:t", f"{tmp_path}/back").code == 0
    assert (tmp_path / "back").read_text() == "colon"


def test_the_files_put_there_for_it_are_copied_out(typed: Typed, box: str, tmp_path: Path) -> None:
    """TestCpSpecialFiles: as the container saw them while it ran."""
    assert typed("run --name cpt --hostname special", box, "cat", "/etc/hostname").out == "special\n"
    for name in ("resolv.conf", "hosts", "hostname"):
        done = typed("cp", f"cpt:/etc/{name}", str(tmp_path))
        assert done.code == 0, done.err
        assert (tmp_path / name).exists()


def test_what_lies_in_a_volume_is_copied(typed: Typed, box: str, tmp_path: Path) -> None:
    """TestCpVolumePath: of a volume and of a folder of this machine."""
    (tmp_path / "bound").mkdir()
    (tmp_path / "bound" / "note").write_text("here")
    done = typed(
        "run --name cpt -v /foo -v", f"{tmp_path}/bound:/baz", box, "sh", "-c", "mkdir /foo/bar; echo in > /foo/bar/f"
    )
    assert done.code == 0, done.err
    out = tmp_path / "out"
    out.mkdir()
    for path in ("/foo/bar/f", "/foo", "/baz/note", "/baz"):
        assert typed("cp", f"cpt:{path}", str(out)).code == 0
    assert (out / "f").read_text() == (out / "foo" / "bar" / "f").read_text() == "in\n"
    assert (out / "note").read_text() == (out / "baz" / "note").read_text() == "here"


def test_a_container_starts_again_after_a_copy(typed: Typed, box: str, tmp_path: Path) -> None:
    """TestCopyAndRestart, TestCopyCreatedContainer."""
    typed("run --name cpt", box, "echo", "hey")
    assert typed("cp cpt:/etc/passwd", str(tmp_path)).code == 0
    assert typed("start -a cpt").out == "hey\n"
    typed("create --name made", box, "true")
    assert typed("cp made:/etc/passwd", str(tmp_path)).code == 0


def test_a_read_only_root_takes_no_copy(typed: Typed, box: str, here: Path) -> None:
    """TestCpToErrReadOnlyRootfs, TestCpToErrReadOnlyVolume."""
    if typed("create --name cpt --read-only", box, "true").code:
        pytest.skip("this tier cannot hold a root file system read-only")
    done = typed("cp", f"{here}/file1", "cpt:/shouldNotExist")
    assert done.code == 1
    assert "read-only" in done.err
    typed("run --name volume -v", f"{here}/dir1:/vol_ro:ro", box, "true")
    done = typed("cp", f"{here}/file1", "volume:/vol_ro/shouldNotExist")
    assert done.code == 1
    assert "read-only" in done.err
    assert not (here / "dir1" / "shouldNotExist").exists()


def test_diff_lists_a_new_folder_and_its_file(typed: Typed, box: str) -> None:
    """TestDiff, TestDiffStoppedContainer."""
    typed("run --name cpt", box, "sh", "-c", "mkdir /foo; echo xyzzy > /foo/bar")
    assert typed("diff cpt").lines == ["A /foo", "A /foo/bar"]


# changes_test.go: createSampleDir and mutateSampleDir, below /s.
_SAMPLE = """
mkdir /s; cd /s
for name in file1 file2 file3 file4 file5; do echo $name > $name; done
for name in dir1 dir2 dir3; do mkdir $name; echo 1 > $name/1; echo 2 > $name/2; done
ln -s target1 symlink1; ln -s target2 symlink2
"""
_MUTATED = """
cd /s
rm -r file1 dir1 symlink1
echo fileNN > file2; chmod 777 file2
rm file3; echo fileMM > file3
touch -d '2030-01-01' file4
rm file5; mkdir file5
echo new > filenew; mkdir dirnew; ln -s targetnew symlinknew
rm symlink2; ln -s target2change symlink2
rm -r dir2; echo dir2 > dir2
touch -d '2030-01-01' dir3
"""
_SHOWN = """
C /s
D /s/dir1
C /s/dir2
A /s/dirnew
D /s/file1
C /s/file2
C /s/file3
C /s/file4
C /s/file5
A /s/filenew
D /s/symlink1
C /s/symlink2
A /s/symlinknew
"""


def test_each_way_to_change_is_shown_and_committed(typed: Typed, box: str) -> None:
    """TestChangesDirsMutated, TestApplyLayer: what is laid over the old is the new, and nothing is left to say."""
    assert typed("run --name base", box, "sh", "-c", _SAMPLE).code == 0
    if typed("commit base sample").code:
        pytest.skip("this tier cannot commit")
    assert typed("run --name cpt sample", "sh", "-c", _MUTATED).code == 0
    assert typed("diff cpt").lines == _SHOWN.split("\n")[1:-1]
    listing = ("sh", "-c", "cd /s; for f in $(find . | sort); do stat -c '%n %a %F %s' $f; done; cat file? 2>/dev/null")
    expected = typed("run --name seen sample", "sh", "-c", f"{{ {_MUTATED} }} && {listing[2]}").out
    assert typed("commit cpt mutated").code == 0
    assert typed("run --rm mutated", *listing).out == expected
    assert "/s/symlinknew" in typed("diff sample mutated").out


def test_a_file_with_two_names_is_counted_once(typed: Typed, box: str) -> None:
    """TestChangesSizeWithHardlinks."""
    typed("run --name cpt", box, "sh", "-c", "mkdir /d; head -c 1000 /dev/zero > /d/a; ln /d/a /d/b; ln /d/a /c")
    assert typed("ps -as --format {{.Size}}").out.startswith("1kB (virtual ")
    assert typed("inspect -s -f {{.SizeRw}} cpt").out == "1000\n"


def test_commit_keeps_a_new_file_and_hard_links(typed: Typed, box: str) -> None:
    """TestCommitAfterContainerIsDone, TestCommitNewFile, TestCommitHardlink."""
    typed("run --name cpt", box, "sh", "-c", "echo koye > /foo; touch file1; ln file1 file2")
    assert typed("commit cpt hardlinks").code == 0
    done = typed("run --rm hardlinks", "sh", "-c", "cat /foo; stat -c %i file1 file2 | uniq | wc -l")
    assert done.out.split() == ["koye", "1"]


def test_commit_leaves_a_paused_container_paused(typed: Typed, box: str) -> None:
    """TestCommitPausedContainer, TestCommitWithoutPause."""
    typed("run -d --name cpt", box, "sleep", "1000")
    assert typed("commit -p=false cpt").code == 0
    if typed("pause cpt").code:
        pytest.skip("this tier cannot pause")
    assert typed("commit cpt").code == 0
    assert json.loads(typed("inspect cpt").out)[0]["State"]["Paused"] is True
    typed("unpause cpt")


def test_commit_leaves_out_what_was_mounted(typed: Typed, box: str) -> None:
    """TestCommitWithHostBindMount."""
    if typed("run --name cpt -v /dev/null:/winning", box, "true").code:
        pytest.skip("this tier cannot mount")
    assert typed("commit cpt bindtest").code == 0
    assert typed("run --rm bindtest true").code == 0


def test_commit_takes_every_change(typed: Typed, box: str) -> None:
    """TestCommitChange, TestCommitChangeLabels: the image's configuration; the container's stays as it was."""
    typed("run --name cpt --label some=label -e PATH=/bin", box, "true")
    changes = (
        "EXPOSE 8080", "ENV DEBUG true", "ENV test 1", "ENV PATH /foo", "LABEL foo bar", "LABEL some=label2",
        'CMD ["/bin/sh"]', "WORKDIR /opt", 'ENTRYPOINT ["/bin/sh"]', "USER testuser", "VOLUME /var/lib/docker",
        "ONBUILD RUN /usr/local/bin/python-build --dir /app/src",
    )  # fmt: skip
    done = typed("commit", *(word for change in changes for word in ("--change", change)), "cpt", "test-commit")
    assert done.code == 0, done.err
    config = json.loads(typed("inspect test-commit").out)[0]["Config"]
    assert config["ExposedPorts"] == {"8080/tcp": {}}
    assert {"PATH=/foo", "DEBUG=true", "test=1"} <= set(config["Env"])
    assert config["Labels"].items() >= {("foo", "bar"), ("some", "label2")}
    assert (config["Cmd"], config["Entrypoint"]) == (["/bin/sh"], ["/bin/sh"])
    assert (config["WorkingDir"], config["User"]) == ("/opt", "testuser")
    assert config["Volumes"] == {"/var/lib/docker": {}}
    assert config["OnBuild"] == ["RUN /usr/local/bin/python-build --dir /app/src"]
    assert json.loads(typed("inspect cpt").out)[0]["Config"]["Labels"]["some"] == "label"


@pytest.mark.parametrize("way", ["running", "stopped", "volume"])
def test_what_is_in_a_folder_is_copied_through_a_link_to_it(typed: Typed, box: str, tmp_path: Path, way: str) -> None:
    """``cp CONTAINER:LINK/. FOLDER``: links to the folder, absolute and relative, and into a volume."""
    volume = ("-v", "vol:/real") if way == "volume" else ()
    script = "mkdir -p /real/in; echo 1 > /real/in/a; ln -s real/in /rel; ln -s /real/in /abs; ln -s rel /rel2; sleep "
    flags = ("-d",) if way == "running" else ()
    seconds = "1000" if way == "running" else "0"
    made = typed("run --name cpt", *flags, *volume, box, "sh", "-ec", script + seconds)
    if made.code and volume:
        pytest.skip(f"this tier cannot mount: {made.err}")
    for _ in range(100):
        if typed("cp cpt:/rel2 -").code == 0:
            break
    for link in ("rel", "abs", "rel2"):
        (tmp_path / link).mkdir()
        for target in (f"{tmp_path}/{link}", f"{tmp_path}/new-{link}"):
            done = typed("cp", f"cpt:/{link}/.", target)
            assert done.code == 0, done.err
            assert [path.name for path in Path(target).iterdir()] == ["a"], (link, target)
        assert typed("cp", f"cpt:/{link}/.", "-").code == 0
    typed("kill cpt")


def test_what_is_behind_a_broken_link_is_not_copied(typed: Typed, there: str, here: Path) -> None:
    """Neither out nor in; and a file is no folder."""
    for source, target in (
        (f"{there}:/t/brokenSymlinkToDirX/.", f"{here}/out"),
        (f"{here}/brokenSymlinkToDirX/.", f"{there}:/t/out"),
        (f"{here}/brokenSymlinkToDirX/", f"{there}:/t/out"),
        (f"{here}/file1/.", f"{there}:/t/out"),
        (f"{there}:/t/file1/.", f"{here}/out"),
    ):
        done = typed("cp", source, target)
        assert done.code == 1, source
        assert not (here / "out").is_symlink()
    assert typed("cp", f"{here}/symlinkToDir1/.", f"{there}:/t/in").code == 0
    assert _inside(typed, "/t/in/file1-1") == "file1-1\n"


def test_all_of_a_container_is_copied_into_a_folder(typed: Typed, there: str, here: Path) -> None:
    """``cp CONTAINER:/``, also as ``/.``: into a folder that is there, or under a new name."""
    for source in ("/", "/."):
        assert typed("cp", f"{there}:{source}", f"{here}/dir5").code == 0
        assert (here / "dir5" / "t" / "file1").read_text() == "file1\n"
        assert typed("cp", f"{there}:{source}", f"{here}/new").code == 0
        assert (here / "new" / "t" / "dir1" / "file1-1").read_text() == "file1-1\n"
        subprocess.run(["rm", "-rf", here / "new", here / "dir5" / "t"], check=True)
