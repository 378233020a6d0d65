"""The options of a build: ``build`` takes them from Python and from a command line."""

# Annotations are evaluated here: the options are read from them.

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Annotated, Any, BinaryIO, Final, TextIO, TypedDict

from dockmagic.builder.options import BuildSecret, Options
from dockmagic.builder.outcome.output import BuildOutput
from dockmagic.engine.build_request import BuildRequest
from dockmagic.engine.epoch import source_date_epoch
from dockmagic.oci.errors import InvalidInput, NotSupported
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference

from . import environment, limits, network
from .build_unsupported import FOREIGN, REFUSED_KEYWORDS
from .convert import items, mapping, path, switch, text, unfit, words
from .convert import platform as one_platform
from .option import Kind, Option, options_of, read

__all__ = ["FORMER", "OPTIONS", "BuildOptions", "build_request"]

Texts = str | Iterable[str]
Pairs = Mapping[str, Any] | Texts
PathText = str | os.PathLike[str]


def _tags(keyword: str, value: object) -> tuple[Reference, ...]:
    found = []
    for one in [value] if isinstance(value, Reference) else items(keyword, value):
        ref = one if isinstance(one, Reference) else Reference.parse(text(keyword, one))
        if ref.digest:
            raise InvalidInput(f"{ref} names a digest, which only the build knows", hint="Write -t NAME[:TAG]")
        found.append(ref.or_latest())
    return tuple(found)


def _stages(keyword: str, value: object) -> tuple[str, ...]:
    return tuple(name for one in words(keyword, value) for name in one.split(","))


def _annotations(keyword: str, value: object) -> dict[str, str]:
    return dict(_annotation(key, one) for key, one in environment.pairs(keyword, value, "--annotation").items())


def _annotation(key: str, value: str) -> tuple[str, str]:
    kind, colon, name = key.rpartition(":")
    if colon and kind.partition("[")[0] in ("index", "index-descriptor", "manifest-descriptor"):
        raise NotSupported(
            f"--annotation {kind}: is not supported: an image for one platform has no index",
            hint=f"Write --annotation {name}={value}",
        )
    return (name if kind == "manifest" else key), value


def _platform(keyword: str, value: object) -> Platform | None:
    several = (isinstance(value, (list, tuple)) and len(value) > 1) or (isinstance(value, str) and "," in value)
    if several:
        raise NotSupported(
            "--platform with several platforms is not supported: one build makes one image",
            hint="Build once for each platform, with a tag of its own",
        )
    return one_platform(keyword, value[0] if isinstance(value, (list, tuple)) and value else value)


def _network(keyword: str, value: object) -> str:
    found = text(keyword, value)
    if found in ("default", "host"):
        return "host"
    if found == "none":
        return found
    raise NotSupported(
        f"--network {found} is not supported: RUN has this machine's network or none", hint="Write host or none"
    )


def _secrets(keyword: str, value: object) -> tuple[BuildSecret, ...]:
    """A mapping of an ID to the secret itself (str or bytes) or to a file (a path), or texts as ``--secret`` has."""
    if not isinstance(value, Mapping):
        return tuple(BuildSecret.parse(text(keyword, one)) for one in items(keyword, value))
    found = []
    for name, one in mapping(keyword, value):
        if isinstance(one, PurePath):
            found.append(BuildSecret.from_file(name, str(one)))
        elif isinstance(one, (str, bytes)):
            found.append(BuildSecret.of(name, one.encode() if isinstance(one, str) else one))
        else:
            raise unfit(f"{keyword}[{name!r}]", one, "a str, bytes or a path")
    return tuple(found)


def _contexts(keyword: str, value: object) -> dict[str, str]:
    return environment.pairs(keyword, value, "--build-context")


def _outputs(keyword: str, value: object) -> tuple[BuildOutput, ...]:
    return tuple(
        BuildOutput(type="local", dest=str(one)) if isinstance(one, PurePath) else BuildOutput.parse(text(keyword, one))
        for one in items(keyword, value)
    )


def _dockerfile(keyword: str, value: object) -> str | bytes:
    """A path, or the text that a stream has."""
    if isinstance(value, (str, os.PathLike)):
        return path(keyword, value)
    data = value.read() if hasattr(value, "read") else value
    if isinstance(data, str):
        return data.encode()
    if not isinstance(data, bytes):
        raise unfit(keyword, value, "a path, or a stream with the Dockerfile")
    return data


def _list(
    *flags: str,
    convert: Any = words,
    metavar: str = "stringArray",
    help: str,  # noqa: A002
    kinds: tuple[Kind, ...] = (),
) -> Option:
    return Option(flags, convert, help, metavar=metavar, many=True, kinds=kinds)


class BuildOptions(TypedDict, total=False):
    """Keywords of `Builds.build` and `Images.build`: docker's long flags, and what they may hold."""

    dockerfile: Annotated[
        PathText | TextIO | BinaryIO,
        Option(
            ("-f", "--file"),
            _dockerfile,
            "Dockerfile or its URL; - is standard input",
            parse=text,
            kinds=("host path",),
        ),
    ]
    build_contexts: Annotated[
        Mapping[str, PathText] | Texts,
        _list("--build-context", convert=_contexts, help="Further context, as NAME=PATH"),
    ]
    tags: Annotated[
        str | Reference | Iterable[str | Reference],
        _list("-t", "--tag", convert=_tags, help="Name of the image, as NAME[:TAG]"),
    ]
    target: Annotated[str, Option(("--target",), text, "Stage to build", kinds=("stage",))]
    build_args: Annotated[
        Pairs, _list("--build-arg", convert=environment.build_arguments, help="Value of an ARG, as NAME=VALUE")
    ]
    labels: Annotated[Pairs, _list("--label", convert=environment.labels, help="Label of the image, as KEY=VALUE")]
    annotations: Annotated[Pairs, _list("--annotation", convert=_annotations, help="Annotation of the manifest")]
    no_cache: Annotated[bool, Option(("--no-cache",), switch, "Do not use the cache", metavar="")]
    no_cache_filter: Annotated[
        Texts, _list("--no-cache-filter", convert=_stages, help="Do not use the cache for these stages")
    ]
    pull: Annotated[bool, Option(("--pull",), switch, "Ask registries for newer base images", metavar="")]
    platform: Annotated[
        str | Platform, Option(("--platform",), _platform, "Platform, as OS/ARCH[/VARIANT]", later=True)
    ]
    secrets: Annotated[
        Mapping[str, str | bytes | PurePath] | Texts,
        _list(
            "--secret",
            convert=_secrets,
            help="Secret, as id=NAME[,src=FILE|,env=NAME]",
            kinds=("host path",),
        ),
    ]
    network: Annotated[str, Option(("--network",), _network, "Network of RUN: host (the default) or none")]
    add_host: Annotated[
        Mapping[str, str] | Texts,
        _list("--add-host", convert=network.hosts, metavar="strings", help="Host for RUN, as NAME:ADDRESS"),
    ]
    shm_size: Annotated[int | str, Option(("--shm-size",), limits.size, "Size of /dev/shm in RUN", metavar="bytes")]
    outputs: Annotated[
        PathText | Iterable[PathText],
        _list("-o", "--output", convert=_outputs, help="Where the result goes besides", kinds=("host path",)),
    ]
    push: Annotated[bool, Option(("--push",), switch, "Push the image, too", metavar="")]


#: Keyword → option.
OPTIONS: Final = options_of(BuildOptions)

#: Keywords of earlier versions → today's.
FORMER: Final = {"add_hosts": "add_host", "contexts": "build_contexts"}


def build_request(
    context: Any = ".",
    options: Mapping[str, Any] | BuildOptions | None = None,
    *,
    stdin: BinaryIO | None = None,
    first_line: int = 1,
    call: str = "build",
    command_line: bool = False,
) -> BuildRequest:
    """The request that keywords, or the flags of a command line, make together.

    Args:
        context: a folder, the URL of a git repository or a tar, ``-`` for `stdin`, or a stream with a tar; None for a
            context without files.
        options: see `BuildOptions`; None counts as not given.
        stdin: a tar or a Dockerfile, where the context or the Dockerfile is ``-``.
        first_line: number of the first line of a Dockerfile on `stdin`.
        call: name of the function, for errors.
        command_line: whether the values come from a command line.

    Raises:
        TypeError: an unknown option, or a value of a type that does not fit.
        InvalidInput: a value that means nothing; a push without a name.
        NotSupported: an option that cannot be honoured.
    """
    given = read(
        OPTIONS,
        options or {},
        call=call,
        command_line=command_line,
        former=FORMER,
        foreign=FOREIGN,
        refused=REFUSED_KEYWORDS,
    )
    outputs = given.pop("outputs", ())
    if given.pop("push", False):
        outputs += (BuildOutput(type="image", push=True),)
    tags = dict.fromkeys((*given.pop("tags", ()), *_tags("outputs", [name for one in outputs for name in one.names])))
    if any(one.push and not tags for one in outputs):
        raise InvalidInput("an image without a name cannot be pushed", hint="Name it with -t REGISTRY/NAME:TAG")
    dockerfile = given.pop("dockerfile", "")
    place, stream = _context(context)
    if isinstance(dockerfile, bytes):
        if stream is not None:
            raise TypeError(f"{call}() takes one stream: the context or the Dockerfile")
        stream, dockerfile = io.BytesIO(dockerfile), "-"
    if context is None:
        if dockerfile != "-":
            raise InvalidInput("without a context there is no Dockerfile", hint="Give one: dockerfile=STREAM")
        place, dockerfile = "-", ""
    arguments = given.pop("build_args", {})
    contexts = given.pop("build_contexts", {})
    return BuildRequest(
        context=place,
        dockerfile=dockerfile,
        build_contexts=contexts,
        stdin=stream if stream is not None else stdin,
        first_line=first_line,
        options=Options(
            tags=tuple(tags),
            build_args=arguments,
            add_hosts=given.pop("add_host", ()),
            epoch=source_date_epoch(arguments),
            **given,
        ),
        outputs=outputs,
    )


def _context(value: object) -> tuple[str, BinaryIO | None]:
    if value is None:
        return "-", None
    if isinstance(value, (str, os.PathLike)):
        return path("context", value), None
    if not hasattr(value, "read"):
        raise unfit("context", value, "a path, a URL or a stream with a tar")
    return "-", value  # type: ignore[return-value]  # what it reads is checked where it is opened
