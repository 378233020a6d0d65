"""What a container sees as its file system, built from inside its fresh mount namespace. Imported by the shim."""

from __future__ import annotations

import errno
import os
import stat
from typing import Any

from dockmagic.linux import kernel
from dockmagic.linux.kernel import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC
from dockmagic.snapshot.snapshot import Snapshot
from dockmagic.snapshot.table import SNAPSHOTTERS

from .secretdata import content, give

__all__ = ["APT_SETTINGS", "build", "mount_volumes", "target"]

#: Keeps apt from downloading as a user of its own, where there is one user only.
APT_SETTINGS = b'Debug::NoDropPrivs "true";\n'
# What docker hides and write-protects (moby, oci/defaults.go).
_MASKED = (
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
    "/sys/firmware", "/sys/fs/selinux", "/sys/dev/block",
)  # fmt: skip
_PROCESSORS = "/sys/devices/system/cpu"
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx", "core": "/proc/kcore",
}  # fmt: skip
_TTY_GROUP = 5


def build(spec: dict[str, Any], created: list[str]) -> None:
    """Mount everything and make it the root. Afterwards nothing of the host is visible.

    Args:
        spec: of the container.
        created: gets the paths of mount points that had to be made in the writable layer.
    """
    # Nothing leaks out, and nothing that is mounted on the host later leaks in.
    kernel.mount(None, "/", None, MS_REC | kernel.MS_PRIVATE)
    where = spec["folder"] + "/merged"
    snapshotter = SNAPSHOTTERS[spec["snapshotter"]]
    snapshotter.mount(Snapshot.of(spec), where)
    os.chdir(where)
    root = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    _proc(spec, _own(root, "proc", created))
    _sys(spec, _own(root, "sys", created))
    _dev(spec, _own(root, "dev", created))
    if not spec["keeps_owners"] and not snapshotter.shares_layers:  # else it is a layer
        _tell_apt(spec, root, created)
    for mount in spec["mounts"]:
        _volume(spec, root, mount, created)
    for path in (*_MASKED, *_throttles()):
        _mask(where + path)
    for path in _READ_ONLY:
        if os.path.lexists(where + path):
            kernel.mount(where + path, where + path, None, MS_BIND | MS_REC)
            kernel.read_only(where + path)
    os.chdir(where)
    if spec["read_only"]:
        kernel.read_only(where)
    os.close(root)
    kernel.pivot_root()


def _tell_apt(spec: dict[str, Any], root: int, created: list[str]) -> None:
    """Keep apt from downloading as a user of its own, who does not exist here; its folders are that user's."""
    try:
        os.close(kernel.open_in_root(root, "/etc/apt/apt.conf.d", os.O_PATH | os.O_DIRECTORY))
    except OSError:
        return
    settings = f"{spec['folder']}/apt.conf"
    with open(os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644), "wb") as file:
        file.write(APT_SETTINGS)
    _volume(spec, root, {"type": "bind", "source": settings, "target": "/etc/apt/apt.conf.d/99dockmagic"}, created)


def mount_volumes(spec: dict[str, Any], where: str, created: list[str]) -> None:
    """Mount the volumes and folders of a container that does not run over its tree at `where`, as when it runs.

    Files that are generated at its start are mounted too, where it ran before.

    Args:
        spec: of the container.
        where: its layers are mounted there.
        created: gets the paths of mount points that had to be made in the writable layer.

    Raises:
        ValueError: a mount point cannot be made, says why.
    """
    root = os.open(where, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for mount in spec["mounts"]:
            if mount["type"] in ("volume", "bind") and (not mount.get("generated") or _is_bindable(root, mount)):
                _volume(spec, root, mount, created)
        if spec["read_only"]:
            kernel.read_only(where)
    finally:
        os.close(root)


def _is_bindable(root: int, mount: dict[str, Any]) -> bool:
    try:
        os.close(kernel.open_in_root(root, mount["target"], os.O_PATH))
    except OSError:
        return False
    return os.path.exists(mount["source"])


def target(root: int, path: str, created: list[str], *, folder: bool) -> int:
    """Open a mount point inside the folder `root`, and make it if it is not there; links stay inside the root.

    Raises:
        ValueError: there can be no such place, says why.
    """
    try:
        return kernel.open_in_root(root, path, os.O_PATH)
    except FileNotFoundError:
        above, _, name = path.rstrip("/").rpartition("/")
        parent = target(root, above or "/", created, folder=True)
        before = os.fstat(parent)
        try:
            if link := _link(parent, name):  # to nothing: that is what is to be made
                return target(root, os.path.join(above or "/", link), created, folder=folder)
            if folder:
                os.mkdir(name, 0o755, dir_fd=parent)
            else:
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o755, dir_fd=parent))
            # That we needed a place is no change of the container's.
            os.utime(f"/proc/self/fd/{parent}", ns=(before.st_atime_ns, before.st_mtime_ns))
            where = os.path.join(os.readlink(f"/proc/self/fd/{parent}"), name)
            created.append(os.path.relpath(where, os.readlink(f"/proc/self/fd/{root}")))
        except OSError as error:
            raise ValueError(f"{path} of the image cannot be mounted over: {os.strerror(error.errno or 0)}") from None
        finally:
            os.close(parent)
        return kernel.open_in_root(root, path, os.O_PATH)
    except OSError as error:
        raise ValueError(f"{path} of the image cannot be mounted over: {os.strerror(error.errno or 0)}") from None


def _link(folder: int, name: str) -> str:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return ""


def _own(root: int, name: str, created: list[str]) -> str:
    # A link here could send the mount anywhere in the image, and programs to a forged /proc: runc refuses it too.
    try:
        kind = os.lstat(name).st_mode
    except FileNotFoundError:
        os.close(target(root, "/" + name, created, folder=True))
        kind = stat.S_IFDIR
    if not stat.S_ISDIR(kind):
        raise ValueError(f"/{name} of the image is not a directory")
    return os.path.abspath(name)


def _proc(spec: dict[str, Any], where: str) -> None:
    try:
        kernel.mount("proc", where, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except PermissionError:
        # The host's own /proc is masked in part (we are in a container already), so the kernel gives no whole one.
        raise ValueError("this machine lets nobody mount /proc in a user namespace") from None
    del spec


def _sys(spec: dict[str, Any], where: str) -> None:
    try:
        if spec["network"] == "host" and spec["uid_map"]:
            raise PermissionError(errno.EPERM, "sysfs belongs to the network namespace")  # noqa: TRY301  (one way out)
        kernel.mount("sysfs", where, "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except PermissionError:
        kernel.mount("/sys", where, None, MS_BIND | MS_REC)
        kernel.read_only(where, recursive=True, flags=MS_NOSUID | MS_NODEV | MS_NOEXEC)
        _mask(f"{where}/fs/cgroup")  # whatever runs on the machine stands there


def _dev(spec: dict[str, Any], where: str) -> None:
    # No device's node that is made here opens the device; those below are mounts of their own.
    kernel.mount("tmpfs", where, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=65536k")
    for name in _DEVICES:
        path = f"{where}/{name}"
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        kernel.mount(f"/dev/{name}", path, None, MS_BIND)
    for name in ("pts", "shm", "mqueue"):
        os.mkdir(f"{where}/{name}", 0o755)
    group = f",gid={_TTY_GROUP}" if not spec["uid_map"] or _mapped(spec["gid_map"], _TTY_GROUP) else ""
    kernel.mount(
        "devpts", f"{where}/pts", "devpts", MS_NOSUID | MS_NOEXEC, f"newinstance,ptmxmode=0666,mode=0620{group}"
    )
    shm = spec.get("shm_size") or 64 << 20
    kernel.mount("shm", f"{where}/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, f"mode=1777,size={shm}")
    kernel.mount("mqueue", f"{where}/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name, aim in _LINKS.items():
        os.symlink(aim, f"{where}/{name}")
    if spec["tty"]:
        os.close(os.open(f"{where}/console", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o620))


def _mapped(rows: list[list[int]], number: int) -> bool:
    return any(inside <= number < inside + count for inside, _, count in rows)


def _mask(path: str) -> None:
    try:
        kind = os.lstat(path).st_mode
    except OSError:
        return
    if stat.S_ISDIR(kind):
        kernel.mount("tmpfs", path, "tmpfs", MS_RDONLY, "size=0k")
    else:
        kernel.mount("/dev/null", path, None, MS_BIND)


def _throttles() -> list[str]:
    """What tells how hot the machine's processors are, which tells what others do (GHSA-6fw5-f8r9-fgfm)."""
    if not os.path.isdir(f"{_PROCESSORS}/cpu0/thermal_throttle"):
        return []
    found = [f"{_PROCESSORS}/{name}/thermal_throttle" for name in os.listdir(_PROCESSORS) if name[3:].isdecimal()]
    return [path for path in found if os.path.isdir(path)]


def _volume(spec: dict[str, Any], root: int, mount: dict[str, Any], created: list[str]) -> None:
    kind, source = mount["type"], mount.get("source", "")
    held = -1
    if kind == "image" or mount.get("discard"):
        source = _layered(spec, mount)
    elif kind == "secret":
        source = _secret(spec, mount)
    elif kind == "cache":
        _own_cache(mount)
    if mount.get("subpath"):
        # Resolved inside the volume, so that no link in it leads out.
        base = os.open(source, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        held = kernel.open_in_root(base, mount["subpath"], os.O_PATH)
        os.close(base)
        source = f"/proc/self/fd/{held}"
    # The mount is made first, and what it is to be is said to itself: no name of it is looked up again.
    made = kernel.clone_mount(source) if kind != "tmpfs" else -1
    folder = made < 0 or stat.S_ISDIR(os.fstat(made).st_mode)
    descriptor = -1
    try:
        descriptor = target(root, mount["target"], created, folder=folder)
        through = f"/proc/self/fd/{descriptor}"
        _refuse_proc(root, through, mount["target"])
        if made < 0:
            _tmpfs(through, mount)
            return
        # What lies on another file system (/sys, /dev, another mount) is not the image's, and stays out of its volumes.
        own = os.fstat(descriptor).st_dev == os.fstat(root).st_dev
        if mount.get("fill") and own and not os.listdir(source):
            from .fill import fill

            fill(through, source)
        if folder != stat.S_ISDIR(os.fstat(descriptor).st_mode):
            kinds = ("a folder", "a file") if folder else ("a file", "a folder")
            raise ValueError(
                f"{mount['target']} of the image cannot be mounted over: {kinds[0]} is to lie on {kinds[1]}"
            )
        kernel.attach_mount(made, descriptor)
        place = f"/proc/self/fd/{made}"
        if not spec["uid_map"]:
            kernel.without_devices(place)  # root of the host's may make one in a volume, but is not to open it
        if mount.get("read_only"):
            _read_only(place)
    finally:
        for number in (made, descriptor, held):
            if number >= 0:
                os.close(number)


def _refuse_proc(root: int, through: str, path: str) -> None:
    """Keep volumes out of /proc: what hides parts of it and is written there would go astray (CVE-2019-16884)."""
    place = os.path.relpath(os.readlink(through), os.readlink(f"/proc/self/fd/{root}"))
    if place.split("/", 1)[0] == "proc":
        raise ValueError(f"{path} cannot be mounted over: it lies in /proc")


def _read_only(place: str) -> None:
    try:
        kernel.read_only(place, recursive=True)
    except OSError:
        kernel.read_only(place)  # before Linux 5.12 what is mounted below it stays as it is


def _tmpfs(place: str, mount: dict[str, Any]) -> None:
    if not os.path.isdir(place):
        raise ValueError(f"{mount['target']} of the image cannot be mounted over: a tmpfs is to lie on a file")
    words = [word for word in mount.get("data", "").split(",") if word]
    flags = 0
    for word, opposite, flag in (
        ("nosuid", "suid", MS_NOSUID),
        ("nodev", "dev", MS_NODEV),
        ("noexec", "exec", MS_NOEXEC),
    ):
        # Docker's are all on unless they are taken back; a device in it is never to be opened.
        flags |= flag if opposite not in words or word == "nodev" else 0
    switches = {"nosuid", "suid", "nodev", "dev", "noexec", "exec", "ro", "rw"}
    data = ",".join(word for word in words if word not in switches)
    flags |= MS_RDONLY if mount.get("read_only") else 0
    kernel.mount("tmpfs", place, "tmpfs", flags, data or None)


def _layered(spec: dict[str, Any], mount: dict[str, Any]) -> str:
    """An overlay of an image's layers, or of one folder whose changes are lost, for a mount; the path of it."""
    own = _scratch(spec)
    place = own + "/tree"
    os.mkdir(place)
    lower = list(mount["layers"]) if mount["type"] == "image" else ["source"]
    flag = ",userxattr" if spec["userxattr"] else ""
    if mount["type"] == "image":
        os.chdir(mount["source"])
    else:
        # By a bind under a name of ours, for a path may hold the colons and commas that end an option.
        os.mkdir(own + "/source")
        kernel.mount(mount["source"], own + "/source", None, MS_BIND)
        os.chdir(own)
    if mount.get("discard"):
        # On the disk of the layers: not every tmpfs can hold overlay's marks. It goes with the container.
        top = f"{spec['folder']}/discard/{os.path.basename(own)}"
        for name in ("upper", "work"):
            os.makedirs(f"{top}/{name}")
        os.chmod(f"{top}/upper", stat.S_IMODE(os.stat(lower[0]).st_mode))
        box = os.path.relpath(top)
        data = f"lowerdir={':'.join(lower)},upperdir={box}/upper,workdir={box}/work{flag}"
        kernel.mount("overlay", place, "overlay", MS_NODEV, data)
    elif len(lower) == 1:
        kernel.mount(lower[0], place, None, MS_BIND)  # an overlay of a single folder is refused
        kernel.read_only(place)
    else:
        kernel.mount("overlay", place, "overlay", MS_NODEV | MS_RDONLY, f"lowerdir={':'.join(lower)}{flag}")
    return place


def _scratch(spec: dict[str, Any]) -> str:
    """A fresh folder in a tmpfs of this mount namespace: it goes with it, and nobody else ever sees it."""
    base = spec["folder"] + "/empty"
    if not os.path.ismount(base):
        kernel.mount("scratch", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=700")
    place = f"{base}/{len(os.listdir(base))}-{os.getpid()}"
    os.mkdir(place)
    return place


def _secret(spec: dict[str, Any], mount: dict[str, Any]) -> str:
    """A secret's file in memory; its path."""
    place = _scratch(spec) + "/secret"
    with open(place, "xb") as file:
        file.write(content(spec, mount))
    give(place, mount)
    return place


def _own_cache(mount: dict[str, Any]) -> None:
    if not os.listdir(mount["source"]):
        give(mount["source"], mount)
