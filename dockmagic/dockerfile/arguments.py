"""The arguments that are there before the first FROM: those that every build has, and the file's own global ARGs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dockmagic.oci.errors import DockerfileError

from .expansion import trace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockmagic.oci.platforms import Platform

    from .instruction import Argument
    from .instructions import Arg
    from .parser import Dockerfile

__all__ = ["GlobalArgument", "global_arguments", "predefined", "values"]


class GlobalArgument(NamedTuple):
    """An ARG before the first FROM, evaluated.

    Attributes:
        argument: as written.
        instruction: in which it is written.
        value: given, or the expanded default; None where there is neither.
        uses: the arguments in its default.
    """

    argument: Argument
    instruction: Arg
    value: str | None
    uses: frozenset[str] = frozenset()


def predefined(platform: Platform, *, build_platform: Platform | None = None, target: str = "") -> dict[str, str]:
    """The arguments of the global scope that need no ARG there (Dockerfile reference, "Automatic platform ARGs").

    Args:
        platform: that is built for.
        build_platform: that the build runs on; None for the same.
        target: name of the stage that is asked for; empty for the last.
    """
    of_build = build_platform or platform
    return {
        "BUILDPLATFORM": str(of_build),
        "BUILDOS": of_build.os,
        "BUILDOSVERSION": of_build.os_version or "",
        "BUILDARCH": of_build.architecture,
        "BUILDVARIANT": of_build.variant or "",
        "TARGETPLATFORM": str(platform),
        "TARGETOS": platform.os,
        "TARGETOSVERSION": platform.os_version or "",
        "TARGETARCH": platform.architecture,
        "TARGETVARIANT": platform.variant or "",
        "TARGETSTAGE": target or "default",
    }


def global_arguments(
    dockerfile: Dockerfile, given: Mapping[str, str], defaults: Mapping[str, str]
) -> dict[str, GlobalArgument]:
    """Evaluate the ARGs before the first FROM, in their order; a later one of the same name counts.

    Args:
        dockerfile: whose they are.
        given: the values of ``--build-arg``.
        defaults: the predefined ones.

    Raises:
        DockerfileError: at the ARG, for a bad substitution in its default.
    """
    found: dict[str, GlobalArgument] = {}
    env = {**defaults, **{name: value for name, value in given.items() if name in defaults}}
    for instruction in dockerfile.meta_args:
        for argument in instruction.arguments:
            value, uses = given.get(argument.name), frozenset[str]()
            if value is None and argument.default is not None:
                try:
                    value, uses, _ = trace(argument.default, env, escape=dockerfile.escape)
                except DockerfileError as error:
                    raise instruction.error(error.reason, word=argument.default, hint=error.hint) from None
                if argument.name in uses:  # ARG a=${a}b goes on from the a before
                    before = found.get(argument.name)
                    uses = (uses | (before.uses if before else frozenset())) - {argument.name}
            if value is not None:
                env[argument.name] = value
            found[argument.name] = GlobalArgument(argument, instruction, value, uses)
    return found


def values(
    arguments: Mapping[str, GlobalArgument], given: Mapping[str, str], defaults: Mapping[str, str]
) -> dict[str, str]:
    """What a FROM can use, and a stage's ARG without a default takes: the predefined ones and the global ones."""
    known = {**defaults, **{name: value for name, value in given.items() if name in defaults}}
    return known | {name: one.value for name, one in arguments.items() if one.value is not None}
