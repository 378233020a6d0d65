"""What a container sees as its file system, built from inside its fresh mount namespace. Imported by the shim."""

from __future__ import annotations

import errno
import os
import stat
from typing import Any

from . import kernel
from .kernel import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC

__all__ = ["build", "mount_layers", "mount_volumes", "target"]

# What docker hides and write-protects (moby, oci/defaults.go).
_MASKED = (
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
    "/sys/firmware", "/sys/fs/selinux", "/sys/dev/block",
)  # fmt: skip
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx", "core": "/proc/kcore",
}  # fmt: skip
_TTY_GROUP = 5


def mount_layers(spec: dict[str, Any], where: str, *, view: bool = False) -> None:
    """Mount the container's layers, with its writable one on top, at the folder `where`.

    Every path in the options is relative to the folder of the unpacked layers: so 127 of them fit into the one page
    that mount(2) takes, and no comma or colon in the home's path can end an option.

    Args:
        spec: of the container.
        where: the mount point.
        view: read-only, while the container may be running: the writable layer is the topmost of the lower ones then.
    """
    layers = list(spec["layers"])
    folder = spec["layers_folder"]
    box = os.path.relpath(spec["folder"], folder)
    if not layers:
        layers = [f"{box}/empty"]
    flag = ",userxattr" if spec["userxattr"] else ""
    if view:
        # Two lower folders at the least: an overlay of a single one without an upper is refused.
        data = f"lowerdir={':'.join([f'{box}/upper', *layers])}{flag}"
    else:
        data = f"lowerdir={':'.join(layers)},upperdir={box}/upper,workdir={box}/work{flag}"
    os.chdir(folder)
    kernel.mount("overlay", where, "overlay", MS_RDONLY if view else 0, data)


def build(spec: dict[str, Any], created: list[str]) -> None:
    """Mount everything and make it the root. Afterwards nothing of the host is visible.

    Args:
        spec: of the container.
        created: gets the paths of mount points that had to be made in the writable layer.
    """
    # Nothing leaks out, and nothing that is mounted on the host later leaks in.
    kernel.mount(None, "/", None, MS_REC | kernel.MS_PRIVATE)
    where = spec["folder"] + "/merged"
    mount_layers(spec, where)
    os.chdir(where)
    root = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    _proc(spec, _own(root, "proc", created))
    _sys(spec, _own(root, "sys", created))
    _dev(spec, _own(root, "dev", created))
    for mount in spec["mounts"]:
        _volume(root, mount, created)
    for path in _MASKED:
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


def mount_volumes(spec: dict[str, Any], where: str) -> None:
    """Mount the volumes of a container that does not run over its tree at `where`."""
    root = os.open(where, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for mount in spec["mounts"]:
            if mount["type"] == "volume":
                _volume(root, mount, [])
    finally:
        os.close(root)


def target(root: int, path: str, created: list[str], *, folder: bool) -> int:
    """Open a mount point inside the folder `root`, and make it if it is not there; links stay inside the root."""
    try:
        return kernel.open_in_root(root, path, os.O_PATH)
    except FileNotFoundError:
        above, _, name = path.rstrip("/").rpartition("/")
        parent = target(root, above or "/", created, folder=True)
        before = os.fstat(parent)
        try:
            if folder:
                os.mkdir(name, 0o755, dir_fd=parent)
            else:
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o755, dir_fd=parent))
            # That we needed a place is no change of the container's.
            os.utime(f"/proc/self/fd/{parent}", ns=(before.st_atime_ns, before.st_mtime_ns))
        finally:
            os.close(parent)
        created.append(path.strip("/"))
        return kernel.open_in_root(root, path, os.O_PATH)


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
        kernel.read_only(where, recursive=True)


def _dev(spec: dict[str, Any], where: str) -> None:
    kernel.mount("tmpfs", where, "tmpfs", MS_NOSUID, "mode=755,size=65536k")
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


def _volume(root: int, mount: dict[str, Any], created: list[str]) -> None:
    source = mount.get("source", "")
    descriptor = target(root, mount["target"], created, folder=not source or os.path.isdir(source))
    try:
        through = f"/proc/self/fd/{descriptor}"
        if mount["type"] == "tmpfs":
            kernel.mount("tmpfs", through, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, mount.get("data") or None)
        else:
            if mount.get("fill"):
                from .fill import fill

                fill(through, source)
            kernel.mount(source, through, None, MS_BIND | MS_REC)
    finally:
        os.close(descriptor)
    if mount.get("read_only"):
        # The path leads to the new mount now, the old descriptor to what it hides.
        again = target(root, mount["target"], created, folder=True)
        try:
            kernel.read_only(f"/proc/self/fd/{again}")
        finally:
            os.close(again)
