"""What a build does not take: keywords of other libraries, and flags of docker's that cannot be honoured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FOREIGN", "REFUSED", "REFUSED_KEYWORDS"]

_ANYWAY: Final = "leave it out, for that is so anyway"
_EVENTS: Final = "leave it out: nothing is printed, and on_event=… gets how the build goes"
#: Keywords of docker-py and python-on-whales → ours, the flag that is refused, or what to do.
FOREIGN: Final = {
    "path": "context", "context_path": "context", "tag": "tags", "buildargs": "build_args", "nocache": "no_cache",
    "cache": "write no_cache=True for cache=False", "fileobj": "dockerfile", "file": "dockerfile",
    "shmsize": "shm_size",
    "network_mode": "network", "extra_hosts": "add_host", "platforms": "platform", "output": "outputs",
    "label": "labels", "secret": "secrets", "epoch": "build_args",
    "rm": _ANYWAY, "forcerm": _ANYWAY, "load": _ANYWAY, "use_config_proxy": _ANYWAY, "gzip": _ANYWAY,
    "quiet": _EVENTS, "progress": _EVENTS, "stream_logs": _EVENTS, "return_image": _EVENTS,
    "custom_context": "give the tar itself: context=STREAM", "encoding": "leave it out: a tar's compression is seen",
    "decode": _EVENTS, "metadata_file": "leave it out: the Build that is returned has the image and its digest",
    "timeout": "leave it out, and interrupt the build when it takes too long", "container_limits": "--memory",
    "provenance": "--attest", "sbom": "--attest", "attest": "--attest", "builder": "--builder", "allow": "--allow",
}  # fmt: skip

_REGISTRY_CACHE = (
    "the build cache stays on this machine",
    "Leave it out: push the image, and FROM it where its layers are wanted",
)
_LIMITS = (
    "RUN has no limits of its own",
    "Leave it out, or limit the process that builds, as with systemd-run or ulimit",
)
_ATTESTATION = ("images are made without attestations", "Leave it out")
#: Flags of docker's build that cannot be honoured → reason and what to do instead.
REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(("--cache-from", "--cache-to"), _REGISTRY_CACHE),
    **dict.fromkeys(("--cgroup-parent", "--cpu-period", "--cpu-quota", "--cpu-shares", "-c", "--cpuset-cpus",
                     "--cpuset-mems", "--memory", "-m", "--memory-swap", "--resource", "--ulimit"), _LIMITS),
    "--isolation": ("it is for Windows containers", "Leave it out"),
    "--policy": ("there are no policies for sources", "Leave it out; ADD --checksum and FROM NAME@sha256:… pin them"),
    "--security-opt": ("RUN has docker's default confinement and no other", "Leave it out"),
    "--squash": (
        "an image keeps the layers of its steps",
        "Write the steps as one RUN, or copy the result into a last stage: COPY --from=build / /",
    ),
    "--ssh": (
        "no SSH agent is forwarded into RUN",
        "Give the key as a secret: --secret id=key,src=FILE and RUN --mount=type=secret,id=key",
    ),
    "--stream": ("the context is read in place", "Leave it out"),
}  # fmt: skip
#: The same for keywords of Python alone: a command line takes these flags where they ask for what is so anyway.
#: The same where no command line is: flags that it ignores are refused here.
REFUSED_KEYWORDS: Final = {
    **REFUSED,
    "--attest": _ATTESTATION,
    "--builder": ("there are no builders to choose from", "Leave it out: a build runs in this process"),
    "--allow": ("RUN never gets more rights than a container", "Leave it out"),
}
