"""The options of a container: ``create`` and ``run`` take them from Python and from a command line."""

# Annotations are evaluated here: the options are read from them.

import os
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Annotated, Any, Final, TypedDict

from dockmagic.oci.platforms import Platform
from dockmagic.runtime.container_spec import ContainerSpec
from dockmagic.runtime.flags.limits import Limits

from . import environment, limits, mounts, network
from .convert import argv, identities, identity, integer, one_of, path, platform, seconds, switch, text, word, words
from .option import Kind, Option, options_of, read

__all__ = ["FOREIGN", "FORMER", "OPTIONS", "REFUSED", "ContainerOptions", "container_spec"]

Texts = str | Iterable[str]
Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
Pairs = Mapping[str, Any] | Texts


def _switch(*flags: str, help: str) -> Option:  # noqa: A002  (as click calls it)
    return Option(flags, switch, help, metavar="")


def _list(
    *flags: str,
    convert: Any = words,
    metavar: str = "list",
    help: str,  # noqa: A002  (likewise)
    kinds: tuple[Kind, ...] = (),
    later: bool = False,
) -> Option:
    return Option(flags, convert, help, metavar=metavar, many=True, kinds=kinds, later=later)


class ContainerOptions(TypedDict, total=False):
    """Keywords of `Containers.create` and `Containers.run`: docker's long flags, and what they may hold."""

    name: Annotated[str, Option(("--name",), text, "Assign a name to the container")]
    replace: Annotated[bool, _switch("--replace", help="Remove the container that has the name now, running or not")]
    rm: Annotated[bool, _switch("--rm", help="Automatically remove the container when it exits")]
    interactive: Annotated[bool, _switch("-i", "--interactive", help="Keep STDIN open even if not attached")]
    tty: Annotated[bool, _switch("-t", "--tty", help="Allocate a pseudo-TTY")]
    env: Annotated[Pairs, _list("-e", "--env", convert=environment.env, help="Set environment variables")]
    env_file: Annotated[
        Paths,
        _list(
            "--env-file",
            convert=environment.env_file,
            help="Read in a file of environment variables",
            kinds=("host path",),
        ),
    ]
    volumes: Annotated[
        Mapping[Any, Any] | Iterable[Any],
        _list(
            "-v",
            "--volume",
            convert=mounts.volumes,
            help="Bind mount a folder or a volume",
            kinds=("volume", "host path"),
            later=True,
        ),
    ]
    volumes_from: Annotated[
        Any,
        _list(
            "--volumes-from",
            convert=mounts.volumes_from,
            help="Mount volumes from the specified container(s)",
            kinds=("container",),
            later=True,
        ),
    ]
    mounts: Annotated[
        Mapping[str, Any] | Iterable[Any],
        _list(
            "--mount",
            convert=mounts.mounts,
            metavar="mount",
            help="Attach a filesystem mount to the container",
            kinds=("host path",),
        ),
    ]
    tmpfs: Annotated[Pairs, _list("--tmpfs", convert=mounts.tmpfs, help="Mount a tmpfs directory", later=True)]
    workdir: Annotated[str | PurePath, Option(("-w", "--workdir"), path, "Working directory inside the container")]
    user: Annotated[str | int, Option(("-u", "--user"), identity, "Username or UID (format: <name|uid>[:<group|gid>])")]
    group_add: Annotated[
        str | int | Iterable[str | int],
        _list(
            "--group-add",
            convert=identities,
            help="Add additional groups to join",
        ),
    ]
    entrypoint: Annotated[
        Texts, Option(("--entrypoint",), argv, "Overwrite the default ENTRYPOINT of the image", parse=word)
    ]
    hostname: Annotated[str, Option(("-h", "--hostname"), text, "Container host name")]
    network: Annotated[
        str, Option(("--network", "--net"), text, "Network: host (the default) or none", metavar="network")
    ]
    ports: Annotated[
        Mapping[Any, Any] | Iterable[Any],
        _list("-p", "--publish", convert=network.ports, help="Publish a container's port(s) to the host"),
    ]
    publish_all: Annotated[bool, _switch("-P", "--publish-all", help="Publish all exposed ports to random ports")]
    expose: Annotated[
        int | str | Iterable[int | str],
        _list("--expose", convert=network.exposed, help="Expose a port or a range of ports"),
    ]
    add_host: Annotated[
        Mapping[str, str] | str | Iterable[str | tuple[str, str]],
        _list("--add-host", convert=network.hosts, help="Add a host-to-IP mapping (NAME:ADDRESS)"),
    ]
    dns: Annotated[Texts, _list("--dns", convert=network.addresses, help="Set custom DNS servers")]
    dns_search: Annotated[Texts, _list("--dns-search", help="Set custom DNS search domains")]
    read_only: Annotated[bool, _switch("--read-only", help="Mount the container's root filesystem as read only")]
    cap_add: Annotated[Texts, _list("--cap-add", help="Add Linux capabilities")]
    cap_drop: Annotated[Texts, _list("--cap-drop", help="Drop Linux capabilities")]
    security_opt: Annotated[
        Texts,
        _list("--security-opt", convert=limits.no_new_privileges, help="Security options: no-new-privileges"),
    ]
    labels: Annotated[Pairs, _list("-l", "--label", convert=environment.labels, help="Set meta data on a container")]
    label_file: Annotated[
        Paths,
        _list("--label-file", convert=environment.label_file, help="Read in a file of labels", kinds=("host path",)),
    ]
    stop_signal: Annotated[
        str | int, Option(("--stop-signal",), limits.signal, "Signal to stop the container", later=True)
    ]
    stop_timeout: Annotated[
        float, Option(("--stop-timeout",), seconds, "Timeout (in seconds) to stop a container", metavar="int")
    ]
    init: Annotated[
        bool, _switch("--init", help="Run an init inside the container that forwards signals and reaps processes")
    ]
    memory: Annotated[int | str, Option(("-m", "--memory"), limits.memory, "Memory limit", metavar="bytes")]
    cpus: Annotated[float | str, Option(("--cpus",), limits.cpus, "Number of CPUs", metavar="decimal")]
    pids_limit: Annotated[
        int, Option(("--pids-limit",), integer, "Tune container pids limit (set -1 for unlimited)", metavar="int")
    ]
    ulimits: Annotated[
        Mapping[str, Any] | str | Iterable[str | Mapping[str, Any]],
        _list("--ulimit", convert=limits.ulimits, metavar="ulimit", help="Ulimit options"),
    ]
    shm_size: Annotated[int | str, Option(("--shm-size",), limits.size, "Size of /dev/shm", metavar="bytes")]
    pull: Annotated[
        str,
        Option(
            ("--pull",), one_of("always", "missing", "never"), "Pull image before creating (always, missing, never)"
        ),
    ]
    platform: Annotated[
        str | Platform,
        Option(("--platform",), platform, "Set platform if server is multi-platform capable", later=True),
    ]
    cidfile: Annotated[
        str | os.PathLike[str], Option(("--cidfile",), path, "Write the container ID to the file", kinds=("host path",))
    ]


#: Keyword → option.
OPTIONS: Final = options_of(ContainerOptions)

#: Keywords of earlier versions → today's.
FORMER: Final = {
    "add_hosts": "add_host", "auto_remove": "rm", "env_files": "env_file", "groups": "group_add",
    "label_files": "label_file", "pids": "pids_limit", "publish": "ports",
}  # fmt: skip

_BOTH_STREAMS: Final = "leave it out: run() returns a Completed with stdout and stderr"
_ANYWAY: Final = "leave it out: it has no meaning here"
#: Keywords of docker-py and python-on-whales → ours, the flag that is refused, or what to do.
FOREIGN: Final = {
    "environment": "env", "envs": "env", "mem_limit": "memory", "remove": "rm",
    "nano_cpus": "write cpus=… in processors, such as 0.5",
    "working_dir": "workdir", "stdin_open": "interactive", "network_mode": "network", "networks": "network",
    "network_disabled": "write network='none'", "extra_hosts": "add_host", "groups_add": "group_add",
    "security_options": "security_opt",
    "publish_all_ports": "publish_all", "ulimit": "ulimits", "label": "labels", "volume": "volumes", "mount": "mounts",
    "no_new_privileges": "security_opt", "image_name": "image",
    "device_cgroup_rules": "--device-cgroup-rule", "devices": "--device", "device_requests": "--gpus",
    "dns_opt": "--dns-option", "dns_options": "--dns-option", "healthcheck": "--health-cmd", "ipc_mode": "--ipc",
    "links": "--link", "log_config": "--log-driver", "log_options": "--log-opt",
    "mem_reservation": "--memory-reservation",
    "mem_swappiness": "--memory-swappiness", "memswap_limit": "--memory-swap", "network_aliases": "--network-alias",
    "networking_config": "--network-alias", "oom_kill": "--oom-kill-disable", "pid_mode": "--pid",
    "restart_policy": "--restart", "storage_options": "--storage-opt", "sysctls": "--sysctl", "userns_mode": "--userns",
    "uts_mode": "--uts", "health_check_cmd": "--health-cmd",
    "stdout": _BOTH_STREAMS, "stderr": _BOTH_STREAMS, "stream": "write on_output=…, which gets the output as it comes",
    "detach": "call run(…, detach=True), or start() the container",
    "env_host": "write env=os.environ", "tz": "write env={'TZ': …}", "use_config_proxy": "give proxies with env=…",
    "init_path": "write init=True, which runs an init of our own",
    "pod": "leave it out: there are no pods, and containers meet on localhost",
    "preserve_fds": "leave it out: a container gets no descriptors of this process; input=… feeds it",
    "systemd": "leave it out: an image's systemd runs as any other program",
    "sig_proxy": "leave it out: signals are sent with Container.kill",
    **dict.fromkeys(("content_trust", "lxc_conf", "service_ports", "version"), _ANYWAY),
}  # fmt: skip

_CGROUP = ("it needs a cgroup that only an administrator can give", "Use --memory, --cpus and --pids-limit")
_DEVICE = ("devices need root", "Leave it out: /dev has null, zero, full, random, urandom and tty")
_NETWORK = ("a network of its own needs root", "Containers share this machine's network: they meet on localhost")
_LOG = ("there is one kind of log", "Read it with `logs CONTAINER`")
_HEALTH = ("there is no daemon that would check", "Call the check with exec when you want to know")
_RESOLVER = ("the machine's resolver options are kept", "Mount a file of your own: -v FILE:/etc/resolv.conf")
_NAMESPACE = ("containers have namespaces of their own, and cannot share others", "Leave it out")
#: Flags of docker that cannot be honoured → reason and what to do instead.
REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "--privileged": (
        "dockmagic runs without the rights that it would hand on",
        "Give single capabilities with --cap-add; they count inside the container only",
    ),
    "--gpus": ("GPUs need devices and libraries of the host, which only root can hand in", "Work on the CPU"),
    "--restart": (
        "there is no daemon that would start it again",
        "Write a loop around it, or let systemd start it: `run --rm IMAGE`",
    ),
    **dict.fromkeys(("--device", "--device-cgroup-rule", "--device-read-bps", "--device-read-iops",
                     "--device-write-bps", "--device-write-iops"), _DEVICE),
    **dict.fromkeys(("--blkio-weight", "--blkio-weight-device", "--cgroup-parent", "--cpu-count", "--cpu-percent",
                     "--cpu-period", "--cpu-quota", "--cpu-rt-period", "--cpu-rt-runtime", "--cpu-shares", "-c",
                     "--cpuset-cpus", "--cpuset-mems", "--io-maxbandwidth", "--io-maxiops", "--kernel-memory",
                     "--memory-reservation", "--memory-swap", "--memory-swappiness", "--oom-kill-disable"), _CGROUP),
    "--oom-score-adj": ("whom the kernel ends first is left to it", "Hold the container with --memory"),
    **dict.fromkeys(("--link", "--link-local-ip", "--ip", "--ip6", "--mac-address", "--network-alias",
                     "--net-alias"), _NETWORK),
    **dict.fromkeys(("--log-driver", "--log-opt"), _LOG),
    **dict.fromkeys(("--health-cmd", "--health-interval", "--health-retries", "--health-start-interval",
                     "--health-start-period", "--health-timeout"), _HEALTH),
    **dict.fromkeys(("--ipc", "--pid", "--uts", "--userns", "--cgroupns"), _NAMESPACE),
    "--domainname": ("there is no name service", "Write the whole name after --hostname"),
    **dict.fromkeys(("--dns-option", "--dns-opt"), _RESOLVER),
    "--annotation": ("no runtime would read it", "Use --label"),
    "--isolation": ("that is Windows'", "Leave it out"),
    "--runtime": ("dockmagic is its own runtime", "Leave it out; info says how containers run here"),
    "--storage-opt": ("there is no storage driver", "Leave it out"),
    "--sysctl": ("the kernel's settings are the host's", "Leave it out"),
    "--volume-driver": ("volumes are folders of this machine", "Mount what is mounted already: -v /path:/path"),
}  # fmt: skip


def container_spec(
    image: str,
    command: Any = None,
    options: Mapping[str, Any] | ContainerOptions | None = None,
    *,
    call: str = "create",
    command_line: bool = False,
) -> ContainerSpec:
    """The request that keywords, or the flags of a command line, make together.

    Args:
        image: name or ID.
        command: the program and its arguments: a list, or a text that is split as a shell splits words; None for the
            image's.
        options: see `ContainerOptions`; None counts as not given.
        call: name of the function, for errors.
        command_line: whether the values come from a command line.

    Raises:
        TypeError: an unknown option, or a value of a type that does not fit.
        InvalidInput: a value that means nothing.
        NotSupported: an option that cannot be honoured.
    """
    given = read(
        OPTIONS, options or {}, call=call, command_line=command_line, former=FORMER, foreign=FOREIGN, refused=REFUSED
    )
    variables = (*given.pop("env_file", ()), *given.pop("env", ()))
    named = {**given.pop("label_file", {}), **given.pop("labels", {})}
    everything = mounts.merge(*(given.pop(kind, ()) for kind in ("volumes", "mounts", "tmpfs")))
    held = Limits(
        memory=given.pop("memory", 0),
        cpus=given.pop("cpus", 0),
        pids=max(0, given.pop("pids_limit", 0)),
        ulimits=given.pop("ulimits", ()),
    )
    return ContainerSpec(
        image=text("image", image),
        command=() if command is None else argv("command", command),
        env=variables,
        labels=named,
        mounts=everything,
        limits=held,
        no_new_privileges=given.pop("security_opt", False),
        **given,
    )
