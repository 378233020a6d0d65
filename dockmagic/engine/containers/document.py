"""What ``inspect`` says of a container, in docker's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .ports import exposed_ports
from .rows import moment_of

if TYPE_CHECKING:
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.disk.record import Mount, Record, State

__all__ = ["container_document"]

_NEVER = "0001-01-01T00:00:00Z"
_SHM = 64 << 20
# Docker says the same of the networks host and none: a container has no address of its own there.
_ADDRESSES: Final = {
    "EndpointID": "", "Gateway": "", "IPAddress": "", "IPPrefixLen": 0, "IPv6Gateway": "", "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0, "MacAddress": "",
}  # fmt: skip
# Members of docker's HostConfig whose flags are refused, or have one value only.
_FIXED: Final = {
    "CgroupnsMode": "private", "CgroupParent": "", "ContainerIDFile": "", "CpuShares": 0, "CpusetCpus": "",
    "Devices": [], "DnsOptions": [], "IpcMode": "private", "Isolation": "", "Links": None,
    "LogConfig": {"Type": "json-file", "Config": {}}, "MemoryReservation": 0, "MemorySwap": 0, "OomKillDisable": False,
    "OomScoreAdj": 0, "PidMode": "", "Privileged": False,
    "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "Runtime": "dockmagic", "UTSMode": "", "UsernsMode": "",
    "VolumeDriver": "", "VolumesFrom": None,
}  # fmt: skip


def container_document(container: Container, *, size: bool = False) -> dict[str, Any]:
    """Docker's description of a container; with `size`, the bytes of its writable layer and of all of it."""
    container.check()
    record, state = container.record, container.state
    path, *arguments = record.argv
    snapshots = container.isolation.snapshots
    document: dict[str, Any] = {
        "Id": container.id,
        "Created": _time(record.created),
        "Path": path,
        "Args": arguments,
        "State": _state(state),
        "Image": record.image_id,
        "ResolvConfPath": str(container.folder / "resolv.conf"),
        "HostnamePath": str(container.folder / "hostname"),
        "HostsPath": str(container.folder / "hosts"),
        "LogPath": str(container.folder / "log"),
        "Name": f"/{container.name}",
        "RestartCount": 0,
        "Driver": snapshots.name,
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": None,
        "HostConfig": _host_config(record),
        "GraphDriver": {
            "Name": snapshots.name,
            "Data": snapshots.describe(container.snapshot),
        },
        "Mounts": [_mount(mount) for mount in record.mounts],
        "Config": _config(record),
        "NetworkSettings": {
            "Ports": dict.fromkeys(exposed_ports(record, state))
            | {
                f"{port.container}/{port.protocol}": [{"HostIp": port.address or "0.0.0.0", "HostPort": str(port.host)}]  # noqa: S104  (docker's display)
                for port in state.ports
            },
            **_ADDRESSES,
            "Networks": {record.network: {"Aliases": None, "Links": None, "NetworkID": "", **_ADDRESSES}},
        },
        "Tier": record.tier,
    }
    if size:
        written = container.size
        document |= {"SizeRw": written, "SizeRootFs": written + container.image.size}
    return document


def _time(seconds: float) -> str:
    return f"{moment_of(seconds):%Y-%m-%dT%H:%M:%S.%fZ}" if seconds else _NEVER


def _state(state: State) -> dict[str, Any]:
    return {
        "Status": state.status,
        "Running": state.status in ("running", "paused"),
        "Paused": state.status == "paused",
        "Restarting": False,
        "OOMKilled": False,
        "Dead": False,
        "Pid": state.pid,
        "ExitCode": state.exit_code,
        "Error": state.error,
        "Health": None,
        "StartedAt": _time(state.started),
        "FinishedAt": _time(state.finished),
    }


def _host_config(record: Record) -> dict[str, Any]:
    from dockmagic.linux.capabilities import names_of

    limits = record.limits
    return {
        "Binds": [_bind(mount) for mount in record.mounts if mount.type in ("bind", "volume") and not mount.anonymous]
        or None,
        "NetworkMode": record.network,
        "PortBindings": {
            f"{port.container}/{port.protocol}": [{"HostIp": port.address, "HostPort": str(port.host or "")}]
            for port in record.ports
        },
        **_FIXED,
        "AutoRemove": record.auto_remove,
        "CapAdd": list(record.cap_add) or None,
        "CapDrop": list(record.cap_drop) or None,
        "Capabilities": list(names_of(record.capabilities)),
        "Dns": list(record.dns),
        "DnsSearch": list(record.dns_search),
        "ExtraHosts": [f"{name}:{address}" for name, address in record.hosts] or None,
        "GroupAdd": list(record.groups) or None,
        "PublishAllPorts": record.publish_all,
        "ReadonlyRootfs": record.read_only,
        "SecurityOpt": ["no-new-privileges"] if record.no_new_privs else None,
        "ShmSize": record.shm_size or _SHM,
        "Init": bool(record.init),
        "Memory": limits.memory,
        "NanoCpus": int(limits.cpus * 1_000_000_000),
        "PidsLimit": limits.pids or None,
        "Ulimits": [{"Name": name, "Soft": soft, "Hard": hard} for name, soft, hard in limits.ulimits] or None,
        "Tmpfs": {mount.target: mount.data for mount in record.mounts if mount.type == "tmpfs"},
    }


def _bind(mount: Mount) -> str:
    return f"{mount.name or mount.source}:{mount.target}{':ro' if mount.read_only else ''}"


def _mount(mount: Mount) -> dict[str, Any]:
    named = {"Name": mount.name, "Driver": "local"} if mount.type == "volume" else {}
    return {
        "Type": mount.type,
        **named,
        "Source": mount.source,
        "Destination": mount.target,
        "Mode": "ro" if mount.read_only else "",
        "RW": not mount.read_only,
        "Propagation": "rprivate" if mount.type == "bind" else "",
    }


def _config(record: Record) -> dict[str, Any]:
    config = record.config
    return {
        "Hostname": record.hostname,
        "Domainname": "",
        "User": record.user,
        "AttachStdin": record.open_stdin,
        "AttachStdout": True,
        "AttachStderr": True,
        "ExposedPorts": config.exposed_ports or {},
        "Tty": record.tty,
        "OpenStdin": record.open_stdin,
        "StdinOnce": record.open_stdin,
        "Env": list(config.env or ()),
        "Cmd": None if config.cmd is None else list(config.cmd),
        "Image": record.image,
        "Volumes": config.volumes,
        "WorkingDir": record.cwd,
        "Entrypoint": None if config.entrypoint is None else list(config.entrypoint),
        "OnBuild": None if config.on_build is None else list(config.on_build),
        "Labels": record.labels,
        "StopSignal": config.stop_signal or "",
        "StopTimeout": None if record.stop_timeout is None else int(record.stop_timeout),
    }
