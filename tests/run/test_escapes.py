"""Ways out of a container that others have had, tried from inside; and images that are made to mislead."""

from __future__ import annotations

import io
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from minimal_rootfs import rootfs
from programs import finish

from dockmagic.image.archive import import_rootfs
from dockmagic.linux import kernel
from dockmagic.oci.errors import DockmagicError, InvalidInput
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Config
from dockmagic.runtime.cannot_start import CannotStart
from dockmagic.runtime.disk.record import Mount
from dockmagic.runtime.hosts import parse_host
from dockmagic.runtime.machine.tiers import choose

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.image import Image
    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]

PYTHON = "/usr/bin/python3"
# Numbers of system calls (x86_64, aarch64) that docker's filter keeps from a container, with arguments that would do
# no harm if it did not: syscalls(2).
FORBIDDEN = {
    "keyctl": (250, 219, (0, -1 & 0xFFFFFFFF, 0)),
    "add_key": (248, 217, (0, 0, 0, 0, 0)),
    "unshare": (272, 97, (0x10000000,)),
    "mount": (165, 40, (0, 0, 0, 0, 0)),
    "pivot_root": (155, 41, (0, 0)),
    "setns": (308, 268, (0, 0)),
    "bpf": (321, 280, (0, 0, 0)),
    "perf_event_open": (298, 241, (0, 0, 0, 0, 0)),
    "userfaultfd": (323, 282, (1,)),
    "open_by_handle_at": (304, 265, (0, 0, 0)),
    "kexec_load": (246, 104, (0, 0, 0, 0)),
    "init_module": (175, 105, (0, 0, 0)),
    "swapon": (167, 224, (0, 0)),
    "reboot": (169, 142, (0, 0, 0)),
    "io_uring_setup": (425, 425, (0, 0)),
    "io_uring_enter": (426, 426, (0, 0, 0, 0, 0, 0)),
    "request_key": (249, 218, (0, 0, 0, 0)),
    "clone3": (435, 435, (0, 0)),
    "socket:AF_ALG": (41, 198, (38, 5, 0)),
    "socket:AF_VSOCK": (41, 198, (40, 1, 0)),
}


@pytest.fixture
def confined(store: ContentStore) -> None:
    """Skips where a container has no namespaces, and thus no filter of its own."""
    if not choose(store.home).driver.mounts:
        pytest.skip("needs namespaces")


def altered(store: ContentStore, *entries: tuple[str, bytes, str | bytes]) -> Image:
    """The small image with other entries: name, kind of tar entry, and its content or where it leads."""
    base = rootfs()
    out = io.BytesIO()
    names = {name for name, _, _ in entries}
    with tarfile.open(fileobj=io.BytesIO(base)) as old, tarfile.open(fileobj=out, mode="w") as new:
        for info in old:
            if info.name not in names:
                new.addfile(info, old.extractfile(info) if info.isfile() else None)
        for name, kind, content in entries:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, 0o755
            if isinstance(content, str):
                info.linkname = content
                new.addfile(info)
            else:
                info.size = len(content)
                new.addfile(info, io.BytesIO(content))
    return import_rootfs(io.BytesIO(out.getvalue()), store, Reference.parse("altered:1"))


def mounts() -> list[str]:
    """What is mounted on this machine, but for temporary folders: there others may be at work meanwhile."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if not line.split()[4].startswith(f"{tempfile.gettempdir()}/")]


def tried(container: Container) -> tuple[int, str, str]:
    """Exit code and output of a container, or why it is refused."""
    try:
        code, out, _ = finish(container)
    except CannotStart as error:
        return error.exit_code, "", str(error)
    return code, out, ""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="the numbers are those of two processors")
@pytest.mark.skipif(not os.access(PYTHON, os.X_OK), reason=f"needs {PYTHON}")
def test_calls_that_lead_out_are_refused(make: Make, confined: None) -> None:
    """Also to root inside: the filter knows no user."""
    column = 0 if platform.machine() == "x86_64" else 1
    calls = {name: (row[column], row[2]) for name, row in FORBIDDEN.items()}
    code = (
        "import ctypes\n"
        "call = ctypes.CDLL(None, use_errno=True).syscall\n"
        f"for name, (number, words) in {calls!r}.items():\n"
        "    result = call(number, *map(ctypes.c_long, words))\n"
        "    print(name, result, ctypes.get_errno())\n"
    )
    folders = [folder for folder in ("/usr", "/lib", "/lib64") if Path(folder).exists()]
    mounts = [Mount(type="bind", target=folder, source=os.path.realpath(folder), read_only=True) for folder in folders]
    status, out, err = finish(make(PYTHON, "-c", code, mounts=mounts))
    assert (status, err) == (0, "")
    answers = {name: (int(result), int(error)) for name, result, error in map(str.split, out.splitlines())}
    refused = {(-1, 1), (-1, 38)}  # EPERM, and ENOSYS as the filter says to who can do without
    assert {name: answer for name, answer in answers.items() if answer not in refused} == {}
    assert answers.keys() == FORBIDDEN.keys()


def test_the_first_process_leads_nowhere_else(make: Make, confined: None) -> None:
    """Its root, folder, descriptors and surroundings are the container's own; nothing of ours is left open."""
    script = (
        "ls /proc/1/root/home; readlink /proc/1/root; cd /proc/1/cwd && pwd -P; ls /proc | grep -c '^[0-9]';"
        " tr '\\0' '\\n' < /proc/1/environ | grep -c DOCKMAGIC; ls /proc/1/fd | wc -w"
    )
    _, out, _ = finish(make("sh", "-c", script))
    home, root, folder, processes, words, descriptors = out.split()
    assert (home, root, folder, words) == ("user", "/", "/", "0")
    assert int(processes) < 6
    assert int(descriptors) <= 4  # three, and a shell's own


def test_one_more_program_gets_no_descriptor_of_ours(make: Make) -> None:
    """Neither at the start nor by ``exec``: CVE-2024-21626 went out by one."""
    container = make("sleep", "100")
    container.start(owner=os.getpid()).close()
    pieces: list[bytes] = []
    with container.exec(["sh", "-c", "for fd in /proc/self/fd/*; do readlink $fd; done"]) as session:
        session.follow(lambda _, data: pieces.append(data))
    targets = b"".join(pieces).decode().split()
    assert [target for target in targets if not target.startswith(("pipe:", "/dev/null", "/proc/"))] == []


@pytest.mark.parametrize("number", range(3, 16))
def test_a_descriptor_is_no_working_folder(make: Make, number: int) -> None:
    """``WORKDIR /proc/self/fd/N``: refused, or a folder of the container."""
    container = make("sh", "-c", "ls -d ../../../home/user; pwd -P", workdir=f"/proc/self/fd/{number}")
    code, out, refusal = tried(container)
    assert "/home/user" in out or f"the working folder /proc/self/fd/{number} cannot be entered" in refusal
    assert code in (0, 125)


@pytest.mark.parametrize("place", ["proc", "dev", "sys", "etc"])
@pytest.mark.parametrize("target", ["/etc", "../../../../tmp", "/nosuch", "proc"])
def test_a_link_in_place_of_a_folder_misleads_nobody(
    store: ContentStore, make: Make, tmp_path: Path, place: str, target: str
) -> None:
    """``/proc``, ``/dev`` and the others as links: mounts stay inside, or the start is refused with a line."""
    before = mounts()
    container = make("true", image=altered(store, (place, tarfile.SYMTYPE, target)))
    code, _, refusal = tried(container)
    assert code in (0, 125, 126, 127)
    assert "\n" not in refusal
    assert "Errno" not in refusal
    assert mounts() == before


@pytest.mark.parametrize(
    "entry",
    [
        ("etc/passwd", tarfile.FIFOTYPE, ""),
        ("etc/passwd", tarfile.DIRTYPE, ""),
        ("etc/passwd", tarfile.SYMTYPE, "/dev/zero"),
        ("etc/passwd", tarfile.SYMTYPE, "/proc/self/fd/0"),
        ("etc/passwd", tarfile.REGTYPE, b"x" * (12 << 20)),
        ("etc/passwd", tarfile.REGTYPE, b"\xff\x00:::\n" * 1000),
    ],
)
def test_a_strange_list_of_users_holds_up_nobody(
    store: ContentStore, make: Make, entry: tuple[str, bytes, str | bytes]
) -> None:
    """A name is unknown there, or the list is refused; a number needs no list."""
    image = altered(store, entry)
    with pytest.raises(DockmagicError) as refusal:
        finish(make("true", image=image, user="somebody"))
    assert "\n" not in str(refusal.value)
    _, out, refusal = tried(make("id", "-u", image=image, user="0"))
    assert out == "0\n" or "passwd" in refusal


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.usefixtures("namespaces")
def test_a_volume_behind_a_link_stays_inside(store: ContentStore, make: Make, tmp_path: Path, *, there: bool) -> None:
    """The target of a mount is looked up in the container's root, link by link, and made there if it is nowhere."""
    aim, source = tmp_path / "aim", tmp_path / "source"
    aim.mkdir()
    source.mkdir()
    place = "/var/dir" if there else str(aim)
    image = altered(store, ("way", tarfile.SYMTYPE, f"../../../../../../..{place}"))
    container = make(
        "sh", "-c", f"touch /way/here; ls {place}", image=image,
        mounts=[Mount(type="bind", target="/way", source=str(source))],
    )  # fmt: skip
    assert finish(container) == (0, "here\n", "")
    assert list(aim.iterdir()) == []
    assert [path.name for path in source.iterdir()] == ["here"]
    assert container.changes() == []


def test_settings_of_the_machine_cannot_be_written(make: Make, confined: None) -> None:
    """By root inside, with docker's capabilities."""
    # Opening is all that is tried: where it succeeded, nothing would have happened.
    script = (
        "for file in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/mm/ksm/run; do true >> $file; done;"
        " mount -o remount,rw /proc/sys; umount /proc/sys; mknod /tmp/disk b 8 0; head -c 1 /tmp/disk; true"
    )
    _, out, err = finish(make("sh", "-c", script))
    assert out == ""
    assert len(err.splitlines()) >= 5  # where a device is noted down only, there is nothing in it to read


def test_a_path_is_opened_while_others_rename(tmp_path: Path) -> None:
    """The kernel refuses ``..`` for a moment when anything on the machine is renamed; that is no reason to give up."""
    (tmp_path / "root" / "var").mkdir(parents=True)
    (tmp_path / "root" / "way").symlink_to("../../var")
    renaming = subprocess.Popen(
        [sys.executable, "-c", "import os\nos.mkdir('a')\nwhile True: os.rename('a', 'b'), os.rename('b', 'a')"],
        cwd=tmp_path,
    )
    root = os.open(tmp_path / "root", os.O_PATH)
    try:
        for _ in range(5000):
            os.close(kernel.open_in_root(root, "/way", os.O_PATH))
    finally:
        os.close(root)
        renaming.kill()
        renaming.wait()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "///",
        "/.",
        "/..",
        "/proc",
        "/proc/..",
        "//proc/self",
        "/sys",
        "/sys/fs",
        "/dev",
        "/x/../..",
        "/a/../proc",
    ],
)
@pytest.mark.usefixtures("namespaces")
def test_an_image_has_no_volume_where_the_kernel_is(store: ContentStore, make: Make, path: str) -> None:
    """Its root, and what the kernel fills, stay what they are, however the place is written."""
    config = Config(cmd=("sh",), volumes={path: {}, "/data": {}})
    image = import_rootfs(io.BytesIO(rootfs()), store, Reference.parse("volumes:1"), config=config)
    container = make("sh", "-c", "touch /data/x /dev/null; test -d /proc/self && cat /var/old", image=image)
    assert finish(container) == (0, "old\n", "")
    assert [mount.target for mount in container.record.mounts] == ["/data"]


@pytest.mark.usefixtures("namespaces")
def test_no_volume_is_filled_with_what_is_the_kernels(store: ContentStore, make: Make) -> None:
    """A link of the image that leads to /sys makes it a volume there, but without what the kernel tells in it."""
    image = altered(store, ("way", tarfile.SYMTYPE, "/sys"))
    mounts = [
        Mount(type="volume", target="/way"),
        Mount(type="volume", target="/sys"),
        Mount(type="volume", target="/bin"),
    ]
    container = make("sh", "-c", "ls /way; ls /sys; ls /bin/busybox", image=image, mounts=mounts)
    assert finish(container) == (0, "/bin/busybox\n", "")


@pytest.mark.parametrize("name", ["a\nb", "a b", "a\tb", "a#b", "\n", "a\u2028b", "x" * 300])
def test_a_name_is_one_word_of_one_line(make: Make, name: str) -> None:
    """``--hostname``, ``--add-host`` and ``--dns-search`` become words of files that everybody in a container reads."""
    with pytest.raises(InvalidInput, match=r"invalid name|longer than 64"):
        make("true", hostname=name)
    with pytest.raises(InvalidInput, match="invalid name"):
        parse_host(f"{name}=192.0.2.1")
    with pytest.raises(InvalidInput, match="invalid name"):
        make("true", dns_search=[name])


def test_a_hostname_that_no_machine_can_have(make: Make) -> None:
    """sethostname(2) takes 64 bytes; it is told before anything is made."""
    with pytest.raises(InvalidInput, match="longer than 64"):
        make("true", hostname="x" * 65)
