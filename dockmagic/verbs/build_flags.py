"""What ``build`` is told: its flags read into the build's options, and those that are refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidInput, NotSupported
from dockmagic.oci.reference import Reference
from dockmagic.run.flags.sizes import parse_size

from .command import flag, option
from .options import builder, platform, platform_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import click

    from dockmagic.build.options import Options
    from dockmagic.build.outcome.output import Output
    from dockmagic.oci.platforms import Platform

    from .result import Result

__all__ = ["REFUSED", "build_flags", "build_options", "build_outputs", "pairs", "unused_flags"]

_REGISTRY_CACHE = (
    "the build cache stays on this machine",
    "Leave it out: push the image, and FROM it where its layers are wanted",
)
_LIMITS = (
    "RUN has no limits of its own",
    "Leave it out, or limit the process that builds, as with systemd-run or ulimit",
)
_ATTESTATION = ("images are made without attestations", "Leave it out, or write --provenance=false")

#: Flags of docker's build that cannot be honoured → reason and what to do instead.
REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "--cache-from": _REGISTRY_CACHE,
    "--cache-to": _REGISTRY_CACHE,
    "--cgroup-parent": _LIMITS,
    "--cpu-period": _LIMITS,
    "--cpu-quota": _LIMITS,
    "--cpu-shares": _LIMITS,
    "-c": _LIMITS,
    "--cpuset-cpus": _LIMITS,
    "--cpuset-mems": _LIMITS,
    "--isolation": ("it is for Windows containers", "Leave it out"),
    "--memory": _LIMITS,
    "-m": _LIMITS,
    "--memory-swap": _LIMITS,
    "--policy": ("there are no policies for sources", "Leave it out; ADD --checksum and FROM NAME@sha256:… pin them"),
    "--resource": _LIMITS,
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
    "--ulimit": _LIMITS,
}


def pairs(values: Iterable[str], flag: str) -> dict[str, str]:
    """``KEY=VALUE`` of a flag that may be given often.

    Raises:
        InvalidInput: one without a key or ``=``.
    """
    found = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise InvalidInput(f"invalid value {text!r} for {flag}", hint=f"Write {flag} KEY=VALUE")
        found[key] = value
    return found


def _refuse_rights(_ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> None:
    for right in value:
        if right != "network.host":  # which needs no permission here
            raise NotSupported(
                f"--allow {right} is not supported: RUN never gets more rights than a container", hint="Leave it out"
            )


def _refuse_attestation(_ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value not in (None, "false", "0"):
        raise NotSupported(
            f"{parameter.opts[0]} is not supported: {_ATTESTATION[0]}", hint=f"Write {parameter.opts[0]}=false"
        )


def _refuse_attestations(_ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> None:
    from dockmagic.oci.dockerfile.mounts import read_fields

    for text in value:
        fields = dict(field.partition("=")[::2] for field in read_fields(text, "attestation"))
        if fields.get("disabled", "false").lower() not in ("true", "1"):
            raise NotSupported(
                f"--attest {text} is not supported: {_ATTESTATION[0]}", hint="Leave it out, or write disabled=true"
            )


_FLAGS: Final = (
    option("-t", "--tag", "tags", multiple=True, metavar="stringArray", help="Name of the image, as NAME[:TAG]"),
    option("--target", kinds=("stage",), default="", metavar="string", help="Stage to build"),
    option("--build-arg", "build_args", multiple=True, metavar="stringArray", help="Value of an ARG, as NAME=VALUE"),
    option("--label", "labels", multiple=True, metavar="stringArray", help="Label of the image, as KEY=VALUE"),
    option("--annotation", "annotations", multiple=True, metavar="stringArray", help="Annotation of the manifest"),
    flag("--no-cache", help="Do not use the cache"),
    option("--no-cache-filter", multiple=True, metavar="stringArray", help="Do not use the cache for these stages"),
    flag("--pull", help="Ask registries for newer base images"),
    platform,
    option(
        "--secret",
        "secrets",
        kinds=("host path",),
        multiple=True,
        metavar="stringArray",
        help="Secret, as id=NAME[,src=FILE|,env=NAME]",
    ),
    option("--network", default="default", metavar="string", help="Network of RUN: host (the default) or none"),
    option("--add-host", "add_hosts", multiple=True, metavar="strings", help="Host for RUN, as NAME:ADDRESS"),
    option("--shm-size", metavar="bytes", help="Size of /dev/shm in RUN"),
)


#: What scripts give out of habit, and what is so anyway: images stay here, nothing else is kept, nothing is attested.
_UNUSED: Final = (
    flag("--load", hidden=True, expose_value=False),
    flag("--rm", hidden=True, expose_value=False),
    flag("--force-rm", hidden=True, expose_value=False),
    flag("--compress", hidden=True, expose_value=False),
    flag("--disable-content-trust", hidden=True, expose_value=False),
    option("--attest", multiple=True, hidden=True, expose_value=False, callback=_refuse_attestations),
    builder,
    option("--allow", multiple=True, hidden=True, expose_value=False, callback=_refuse_rights),
    option("--provenance", hidden=True, expose_value=False, callback=_refuse_attestation),
    option("--sbom", hidden=True, expose_value=False, callback=_refuse_attestation),
)


def unused_flags(function: Callable[..., Result]) -> Callable[..., Result]:
    """Flags of docker that change nothing here."""
    for add in _UNUSED:
        function = add(function)
    return function


def build_flags(function: Callable[..., Result]) -> Callable[..., Result]:
    """The flags that say what is built and how: the arguments of `build_options`."""
    for add in reversed(_FLAGS):
        function = add(function)
    return function


def build_options(
    outputs: tuple[Output, ...],
    *,
    tags: tuple[str, ...],
    target: str,
    build_args: tuple[str, ...],
    labels: tuple[str, ...],
    annotations: tuple[str, ...],
    no_cache: bool,
    no_cache_filter: tuple[str, ...],
    pull: bool,
    platform: str | None,
    secrets: tuple[str, ...],
    network: str,
    add_hosts: tuple[str, ...],
    shm_size: str | None,
) -> Options:
    """The flags as the build takes them.

    Raises:
        InvalidInput: a flag's value is none.
        NotSupported: it asks for what cannot be honoured.
    """
    from dockmagic.build.options import Options, Secret
    from dockmagic.engine.builds import source_date_epoch

    given = dict(_argument(text) for text in build_args)
    names = tuple(dict.fromkeys([*tags, *(name for output in outputs for name in output.names)]))
    return Options(
        tags=tuple(_tag(name) for name in names),
        target=target,
        build_args=given,
        labels=pairs(labels, "--label"),
        annotations=dict(_annotation(key, value) for key, value in pairs(annotations, "--annotation").items()),
        no_cache=no_cache,
        no_cache_filter=tuple(name for text in no_cache_filter for name in text.split(",")),
        pull=pull,
        platform=_one_platform(platform),
        secrets=tuple(map(Secret.parse, secrets)),
        network=_network(network),
        add_hosts=tuple(map(_host, add_hosts)),
        shm_size=parse_size(shm_size, "--shm-size") if shm_size else 0,
        epoch=source_date_epoch(given),
    )


def build_outputs(texts: Sequence[str], *, push: bool, tags: Sequence[str]) -> tuple[Output, ...]:
    """Where the result goes besides the store (``--output``, ``--push``).

    Raises:
        InvalidInput: not of the form that it has; a push without a name.
    """
    from dockmagic.build.outcome.output import Output

    outputs = tuple(map(Output.parse, texts))
    if push:
        outputs += (Output(type="image", push=True),)
    if any(output.push and not (output.names or tags) for output in outputs):
        raise InvalidInput("an image without a name cannot be pushed", hint="Name it with -t REGISTRY/NAME:TAG")
    return outputs


def _argument(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not name:
        raise InvalidInput(f"invalid value {text!r} for --build-arg", hint="Write --build-arg NAME=VALUE")
    return name, value if equals else None


def _tag(text: str) -> Reference:
    ref = Reference.parse(text)
    if ref.digest:
        raise InvalidInput(f"{text} names a digest, which only the build knows", hint="Write -t NAME[:TAG]")
    return ref.or_latest()


def _annotation(key: str, value: str) -> tuple[str, str]:
    kind, colon, name = key.rpartition(":")
    if colon and kind.partition("[")[0] in ("index", "index-descriptor", "manifest-descriptor"):
        raise NotSupported(
            f"--annotation {kind}: is not supported: an image for one platform has no index",
            hint=f"Write --annotation {name}={value}",
        )
    return (name if kind == "manifest" else key), value


def _one_platform(text: str | None) -> Platform | None:
    if text and "," in text:
        raise NotSupported(
            "--platform with several platforms is not supported: one build makes one image",
            hint="Build once for each platform, with a tag of its own",
        )
    return platform_of(text)


def _network(text: str) -> str:
    if text in ("default", "host"):
        return "host"
    if text == "none":
        return text
    raise NotSupported(
        f"--network {text} is not supported: RUN has this machine's network or none", hint="Write host or none"
    )


def _host(text: str) -> tuple[str, str]:
    mark = "=" if "=" in text else ":"
    name, found, address = text.partition(mark)
    if not name or not found or not address:
        raise InvalidInput(f"invalid value {text!r} for --add-host", hint="Write --add-host NAME:ADDRESS")
    return name, "127.0.0.1" if address == "host-gateway" else address.strip("[]")
