"""What decides whether a step must be done again: the inputs of its key.

Every field of the expanded instruction is in the key, whatever fields it has or will have, except for those of
`NOT_IN_KEY`. A step sees of the configuration below it only its variables, shell, user and working folder: these are in
its key, and a LABEL that changed above it does not matter. On a hit the layer is taken from the cache, and the
documents are written anew from this Dockerfile.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from dockmagic.dockerfile import Add, Arg, Copy, Heredoc, Instruction, Onbuild, Pair, Run, RunMount, Workdir

from .cache import KeyInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dockmagic.builder.reading.scope import Scope
    from dockmagic.image.configuration import Settings
    from dockmagic.image.image import Image
    from dockmagic.oci.platforms import Platform

__all__ = ["NOT_IN_KEY", "chain", "of_argument", "of_configuration", "of_copy", "of_instruction", "of_mount", "of_run",
           "of_workdir"]  # fmt: skip

#: Fields that are not in a key as they are written, with the reason; those of a class hold for what is derived from it.
NOT_IN_KEY: Final[Mapping[type, Mapping[str, str]]] = {
    Instruction: {
        "lines": "where it stands changes nothing",
        "keyword": "the class says it, whatever its letters' case",
        "original": "the other fields say what it means",
        "source": "the other fields say what it means",
        "comments": "they change nothing",
        "file": "the Dockerfile's name changes nothing",
    },
    Copy: {"from_": "the content that it names is in the key, under whatever name"},
    Add: {"checksum": "what is fetched is held against it first, and its digest or commit is in the key"},
    Run: {
        "mounts": "they are in the key with their variables replaced, see `of_mount`",
        "network": "it is in the key as a part of its own, since the build's option stands in for the default",
    },
    RunMount: {"from_": "the content that it names is in the key, under whatever name"},
    Workdir: {"path": "it is in the key joined with the folder that it is relative to"},
    Arg: {"arguments": "they are in the key by their values, see `of_argument`"},
    Onbuild: {"trigger": "it is `expression`, parsed"},
    Pair: {"legacy": "a space means what ``=`` means"},
}


class _Field(NamedTuple):
    """A field of an instruction that is in the key; `default` is `msgspec.NODEFAULT` where it has none."""

    name: str
    default: object
    input: str
    subject: str


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[_Field, ...]:
    left_out = {name for base in kind.__mro__ for name in NOT_IN_KEY.get(base, ())}
    # Without the types, which `msgspec.structs.fields` would want to see: they are imported for the checker alone.
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    defaults = (msgspec.NODEFAULT,) * (len(names) - len(defaults)) + defaults
    return tuple(
        _Field(name, default, "operand", name)
        if default is msgspec.NODEFAULT
        else _Field(name, default, "instruction", "--" + name.rstrip("_").replace("_", "-"))
        for name, default in zip(names, defaults, strict=True)
        if name not in left_out
    )


def of_instruction(instruction: Instruction) -> Iterator[KeyInput]:
    """The instruction itself: its name, its operands, and those of its flags that are not at their default.

    Args:
        instruction: expanded.
    """
    yield KeyInput("instruction", type(instruction).__name__.upper())
    for field in _fields(type(instruction)):
        value = getattr(instruction, field.name)
        if value != field.default:
            for one in value if isinstance(value, tuple) else (value,):
                yield _input(field, one)


def _input(field: _Field, value: object) -> KeyInput:
    match value:
        case str():
            return KeyInput(field.input, value, field.subject)
        case Pair():
            return KeyInput(field.input, f"{value.key}={value.value}", value.key)
        case Heredoc():
            return KeyInput(field.input, _as_json(value), f"<<{value.name}")
    return KeyInput(field.input, _as_json(value), field.subject)


def of_mount(mount: RunMount) -> KeyInput:
    """A mount, expanded and placed; what it shows is a part of its own."""
    given = {field.name: value for field in _fields(RunMount) if (value := getattr(mount, field.name)) != field.default}
    return KeyInput("mount", _as_json(given), mount.target or f"${mount.env}")


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def chain(image: Image) -> str:
    """What lies below: the ChainID, or nothing."""
    return str(image.layers[-1].chain_id) if len(image.layers) else ""


def _common(image: Image, platform: Platform, instruction: Instruction) -> list[KeyInput]:
    return [KeyInput("parent", chain(image)), KeyInput("platform", str(platform)), *of_instruction(instruction)]


def _epoch(epoch: int | None) -> list[KeyInput]:
    return [] if epoch is None else [KeyInput("epoch", str(epoch))]


def of_configuration(
    image: Image, platform: Platform, instruction: Instruction, before: Settings
) -> tuple[KeyInput, ...]:
    """Of an instruction that makes no layer."""
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import to_json

    return (*_common(image, platform, instruction), KeyInput("config", str(Digest.of(to_json(before.config)))))


def of_argument(
    image: Image, platform: Platform, instruction: Arg, before: Settings, values: Mapping[str, str]
) -> tuple[KeyInput, ...]:
    """Of ARG; `values` has those of all arguments that have one."""
    names = [argument.name for argument in instruction.arguments]
    return (
        *of_configuration(image, platform, instruction, before),
        *(KeyInput("operand", name, "arguments") for name in names),
        *(KeyInput("argument", values[name], name) for name in names if name in values),
    )


def of_workdir(
    image: Image, platform: Platform, instruction: Workdir, path: str, user: str, *, epoch: int | None
) -> tuple[KeyInput, ...]:
    """Of WORKDIR: new folders are the user's."""
    return (
        *_common(image, platform, instruction),
        KeyInput("operand", path, "path"),
        KeyInput("user", user),
        *_epoch(epoch),
    )


def of_copy(
    image: Image,
    platform: Platform,
    instruction: Copy | Add,
    workdir: str,
    content: Sequence[KeyInput],
    *,
    epoch: int | None,
) -> tuple[KeyInput, ...]:
    """Of COPY and ADD; `content` is what their sources hold."""
    return (*_common(image, platform, instruction), KeyInput("workdir", workdir), *content, *_epoch(epoch))


def of_run(
    image: Image,
    platform: Platform,
    instruction: Run,
    settings: Settings,
    scope: Scope,
    *,
    network: str,
    hostname: str,
    hosts: Iterable[tuple[str, str]],
    mounts: Sequence[KeyInput],
    shm_size: int,
    ownership: str,
    epoch: int | None,
) -> tuple[KeyInput, ...]:
    """Of RUN; no secret's value, no proxy and nothing of a cache mount's content is in it."""
    variables = (word.partition("=") for word in scope.env)
    return (
        *_common(image, platform, instruction),
        *([KeyInput("shell", _as_json(settings.shell))] if instruction.program.shell else []),
        *(KeyInput("environment", value, name) for name, _, value in variables),
        *(KeyInput("argument", value, name) for name, value in scope.args.items()),
        KeyInput("user", settings.user),
        KeyInput("workdir", settings.workdir),
        KeyInput("network", network),
        *([KeyInput("hosts", hostname)] if hostname else []),
        *(KeyInput("hosts", address, name) for name, address in hosts),
        *mounts,
        *([KeyInput("shm", str(shm_size))] if shm_size else []),
        KeyInput("ownership", ownership),
        *_epoch(epoch),
    )
