"""The flags of ``create`` and ``run``: they are those of `Containers.create`, by the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dockmagic.oci.errors import NotSupported
from dockmagic.oci.protocols import ignore_progress

from .command import flag, option
from .options import platform_of
from .refused_flags import refusal_of
from .transferring import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import click

    from dockmagic.image.image import Image
    from dockmagic.oci.reference import Reference
    from dockmagic.run.container import Container

    from .door import Door
    from .result import Result

__all__ = ["REFUSED", "create", "creation_flags"]

_CGROUP = ("it needs a cgroup that only an administrator can give", "Use --memory, --cpus and --pids-limit")
_DEVICE = ("devices need root", "Leave it out: /dev has null, zero, full, random, urandom and tty")
_BOND = ("a network of its own needs root", "Containers share this machine's network: they meet on localhost")
_LOG = ("there is one kind of log", "Read it with logs")
_HEALTH = ("there is no daemon that would check", "Call the check with exec when you want to know")
_RESOLVER = ("the machine's resolver options are kept", "Mount a file of your own: -v FILE:/etc/resolv.conf")
_NAMESPACE = ("containers have namespaces of their own, and cannot share others", "Leave it out")
# Security options that ask for what is the case anyway: nothing here loads profiles or labels.
_NO_PROFILES: Final = frozenset(("apparmor=unconfined", "label=disable"))
#: Flags of docker that cannot be honoured → reason and what to do instead.
REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "--privileged": (
        "dockmagic runs without the rights that it would hand on",
        "Give single capabilities with --cap-add; they count inside the container only",
    ),
    "--gpus": ("GPUs need devices and libraries of the host, which only root can hand in", "Work on the CPU"),
    "--restart": (
        "there is no daemon that would start it again",
        "Write a loop around it, or let systemd start it: run --rm NAME",
    ),
    **dict.fromkeys(("--device", "--device-cgroup-rule", "--device-read-bps", "--device-read-iops",
                     "--device-write-bps", "--device-write-iops"), _DEVICE),
    **dict.fromkeys(("--blkio-weight", "--blkio-weight-device", "--cgroup-parent", "--cpu-count", "--cpu-percent",
                     "--cpu-period", "--cpu-quota", "--cpu-rt-period", "--cpu-rt-runtime", "--cpu-shares", "-c",
                     "--cpuset-cpus", "--cpuset-mems", "--io-maxbandwidth", "--io-maxiops", "--kernel-memory",
                     "--memory-reservation", "--memory-swap", "--memory-swappiness", "--oom-kill-disable"), _CGROUP),
    "--oom-score-adj": ("whom the kernel ends first is left to it", "Hold the container with --memory"),
    **dict.fromkeys(("--link", "--link-local-ip", "--ip", "--ip6", "--mac-address", "--network-alias",
                     "--net-alias"), _BOND),
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


def _only(*values: str) -> Callable[[click.Context, click.Parameter, str | None], None]:
    """A flag of `REFUSED` may be given, if it asks for what is the case anyway."""

    def check(_ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
        if value is not None and value not in values:
            raise refusal_of(parameter.opts[0], REFUSED)

    return check


def _as_it_is(name: str, *values: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    return option(name, hidden=True, expose_value=False, callback=_only(*values))


_FLAGS: Final = (
    flag("-i", "--interactive", help="Keep STDIN open even if not attached"),
    flag("-t", "--tty", help="Allocate a pseudo-TTY"),
    flag("--rm", "auto_remove", help="Automatically remove the container when it exits"),
    option("--name", default="", metavar="string", help="Assign a name to the container"),
    flag("--replace", help="Remove the container that has the name now, running or not"),
    option("-e", "--env", multiple=True, metavar="list", help="Set environment variables"),
    option("--env-file", "env_files", multiple=True, metavar="list", help="Read in a file of environment variables"),
    option("-v", "--volume", "volumes", multiple=True, metavar="list", help="Bind mount a folder or a volume"),
    option("--volumes-from", multiple=True, metavar="list", help="Mount volumes from the specified container(s)"),
    option("--mount", "mounts", multiple=True, metavar="mount", help="Attach a filesystem mount to the container"),
    option("--tmpfs", multiple=True, metavar="list", help="Mount a tmpfs directory"),
    option("-w", "--workdir", default="", metavar="string", help="Working directory inside the container"),
    option("-u", "--user", default="", metavar="string", help="Username or UID (format: <name|uid>[:<group|gid>])"),
    option("--group-add", "groups", multiple=True, metavar="list", help="Add additional groups to join"),
    option("--entrypoint", default=None, metavar="string", help="Overwrite the default ENTRYPOINT of the image"),
    option("-h", "--hostname", default="", metavar="string", help="Container host name"),
    option("--network", "--net", "network", default="", metavar="network", help="Network: host (the default) or none"),
    option("-p", "--publish", multiple=True, metavar="list", help="Publish a container's port(s) to the host"),
    flag("-P", "--publish-all", help="Publish all exposed ports to random ports"),
    option("--expose", multiple=True, metavar="list", help="Expose a port or a range of ports"),
    option("--add-host", "add_hosts", multiple=True, metavar="list", help="Add a host-to-IP mapping (NAME:ADDRESS)"),
    option("--dns", multiple=True, metavar="list", help="Set custom DNS servers"),
    option("--dns-search", multiple=True, metavar="list", help="Set custom DNS search domains"),
    flag("--read-only", help="Mount the container's root filesystem as read only"),
    option("--cap-add", multiple=True, metavar="list", help="Add Linux capabilities"),
    option("--cap-drop", multiple=True, metavar="list", help="Drop Linux capabilities"),
    option("--security-opt", multiple=True, metavar="list", help="Security options: no-new-privileges"),
    option("-l", "--label", "labels", multiple=True, metavar="list", help="Set meta data on a container"),
    option("--label-file", "label_files", multiple=True, metavar="list", help="Read in a file of labels"),
    option("--stop-signal", default="", metavar="string", help="Signal to stop the container"),
    option("--stop-timeout", type=int, default=None, help="Timeout (in seconds) to stop a container"),
    flag("--init", help="Run an init inside the container that forwards signals and reaps processes"),
    option("-m", "--memory", default="", metavar="bytes", help="Memory limit"),
    option("--cpus", default="", metavar="decimal", help="Number of CPUs"),
    option("--pids-limit", "pids", type=int, default=0, help="Tune container pids limit (set -1 for unlimited)"),
    option("--ulimit", "ulimits", multiple=True, metavar="ulimit", help="Ulimit options"),
    option("--shm-size", default="", metavar="bytes", help="Size of /dev/shm"),
    option("--pull", default="missing", metavar="string", help="Pull image before creating (always, missing, never)"),
    option("--platform", default=None, metavar="string", help="Set platform if server is multi-platform capable"),
    option("--cidfile", default="", metavar="string", help="Write the container ID to the file"),
    flag("-q", "--quiet", help="Suppress the pull output"),
    _as_it_is("--cgroupns", "private"),
    _as_it_is("--ipc", "private"),
    _as_it_is("--isolation", "default"),
    _as_it_is("--log-driver", "json-file", "local"),
    _as_it_is("--restart", "no", ""),
    _as_it_is("--volume-driver", "local"),
    flag("--no-healthcheck", hidden=True, help="Nothing checks the health"),
    flag("--disable-content-trust", hidden=True, default=True, help="There is no content trust to disable"),
)


def creation_flags(function: Callable[..., Result]) -> Callable[..., Result]:
    """Give a verb's function the flags of ``create``; they arrive as keywords that `create` takes."""
    for one in reversed(_FLAGS):
        function = one(function)
    return function


def create(
    door: Door,
    image: str,
    command: tuple[str, ...],
    *,
    pull: str,
    platform: str | None,
    quiet: bool,
    security_opt: tuple[str, ...],
    no_healthcheck: bool,  # noqa: ARG001  (docker's habit: there is none)
    disable_content_trust: bool,  # noqa: ARG001  (likewise)
    **flags: Any,
) -> Container:
    """Pull what is missing, and make the container.

    Raises:
        NotSupported: a security option that cannot be honoured.
        DockmagicError: as `Containers.create` raises them.
    """
    found = _image(door, image, pull=pull, platform=platform, quiet=quiet)
    return door.engine.containers.create(
        found,
        command,
        image_name=image,
        no_new_privileges=_no_new_privileges(security_opt),
        on_notice=lambda line: door.say(f"WARNING: {line}"),
        **flags,
    )


def _image(door: Door, name: str, *, pull: str, platform: str | None, quiet: bool) -> Image:
    def tell(ref: Reference) -> None:
        if quiet:
            return
        if pull == "missing":
            door.say(f"Unable to find image '{ref.familiar}' locally")
        door.say(f"{ref.digest or ref.tag}: Pulling from {ref.path if ref.domain == 'docker.io' else ref.name}")
        told.append(ref)

    told: list[Reference] = []
    image = door.engine.images.obtain(
        name,
        pull=pull,
        platform=platform_of(platform),
        on_pull=tell,
        on_progress=Log(ignore_progress if quiet else door.on_progress),
    )
    for ref in told:
        door.say(f"Digest: {image.repo_digest}")
        door.say(f"Status: Downloaded newer image for {ref.familiar}")
    return image


def _no_new_privileges(options: tuple[str, ...]) -> bool:
    wanted = False
    for text in options:
        if text.replace(":", "=", 1) in _NO_PROFILES:
            continue
        name, _, value = text.replace(":", "=", 1).partition("=")
        if name != "no-new-privileges" or value not in ("", "true", "false"):
            raise NotSupported(
                f"--security-opt {text} is not supported: the filter of system calls is always docker's list",
                hint="Write --security-opt no-new-privileges, or leave it out",
            )
        wanted = value != "false"
    return wanted
