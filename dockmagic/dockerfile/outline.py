"""What a Dockerfile can build, and what a build of it can be given: ``build --call targets`` and ``--call outline``."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from dockmagic.oci.errors import DockerfileError
from dockmagic.oci.platforms import Platform

from .arguments import global_arguments, predefined, values
from .expansion import expand, trace
from .instructions import Arg, Env, Run
from .needs import base_stage, find_target, needed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .instruction import Argument
    from .parser import Dockerfile, Stage

__all__ = ["Outline", "OutlineArgument", "OutlineSecret", "Target", "outline", "targets"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A stage that can be asked for.

    Attributes:
        name: empty without AS; it can be asked for by `index`.
        index: counted from 0.
        description: from the comment ``# NAME description`` above its FROM.
        default: it is the last.
        base: image or stage, as written.
        platform: as written; empty if not given.
        lines: of its FROM.
    """

    name: str
    index: int
    description: str
    default: bool
    base: str
    platform: str
    lines: tuple[int, int]


class OutlineArgument(msgspec.Struct, frozen=True, kw_only=True):
    """An argument that the target, or a stage that it needs, can be given.

    Attributes:
        name: for ``--build-arg``.
        value: that it has now; empty without one.
        description: from the comment ``# NAME description`` above its ARG.
        lines: of its ARG.
    """

    name: str
    value: str
    description: str
    lines: tuple[int, int]


class OutlineSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret (or an SSH agent) that a RUN of the target, or of a stage that it needs, mounts."""

    name: str
    required: bool
    lines: tuple[int, int]


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """What a build of a target can be given, in the order of the file.

    Attributes:
        name: of the target; empty without one.
        description: of the target.
        arguments: for ``--build-arg``.
        secrets: for ``--secret``.
        ssh: for ``--ssh``.
    """

    name: str
    description: str
    arguments: tuple[OutlineArgument, ...]
    secrets: tuple[OutlineSecret, ...]
    ssh: tuple[OutlineSecret, ...]


def targets(dockerfile: Dockerfile) -> tuple[Target, ...]:
    """All stages."""
    last = len(dockerfile.stages) - 1
    return tuple(
        Target(
            name=stage.name,
            index=stage.index,
            description=stage.base.description,
            default=stage.index == last,
            base=stage.base.image,
            platform=stage.base.platform,
            lines=stage.base.lines,
        )
        for stage in dockerfile.stages
    )


def outline(
    dockerfile: Dockerfile,
    target: str = "",
    *,
    build_args: Mapping[str, str] | None = None,
    platform: Platform | None = None,
) -> Outline:
    """What a build of `target` can be given.

    Args:
        dockerfile: to look at.
        target: name (any case) or number of a stage; empty for the last.
        build_args: of ``--build-arg``.
        platform: that is built for; by default this machine's.

    Raises:
        DockerfileError: there is no such stage, or a global ARG or a FROM cannot be expanded.
    """
    stage = find_target(dockerfile, target)
    reading = _Reading(dockerfile, build_args or {}, platform or Platform.local())
    reading.enter(stage)
    return Outline(
        name=stage.name,
        description=stage.base.description,
        arguments=tuple(sorted(reading.arguments().values(), key=lambda one: one.lines)),
        secrets=tuple(sorted(reading.secrets.values(), key=lambda one: one.lines)),
        ssh=tuple(sorted(reading.ssh.values(), key=lambda one: one.lines)),
    )


class _Reading:
    """Goes from a stage to those that it needs, and takes down what each can be given."""

    def __init__(self, dockerfile: Dockerfile, given: Mapping[str, str], platform: Platform) -> None:
        defaults = predefined(platform, build_platform=Platform.local())
        self._dockerfile = dockerfile
        self._given = given
        self._globals = global_arguments(dockerfile, given, defaults)
        self._values = values(self._globals, given, defaults)
        self._env: dict[int, dict[str, str]] = {}
        self._rows: dict[int, dict[str, OutlineArgument]] = {}
        self.secrets: dict[str, OutlineSecret] = {}
        self.ssh: dict[str, OutlineSecret] = {}

    def arguments(self) -> dict[str, OutlineArgument]:
        """By name; of the same name that of the stage which was entered first, and in it the last."""
        rows: dict[str, OutlineArgument] = {}
        for of_stage in self._rows.values():
            rows = of_stage | rows
        return rows

    def enter(self, stage: Stage) -> dict[str, str]:
        """Take down a stage and what it needs, once; gives the variables at its end."""
        if stage.index in self._env:
            return self._env[stage.index]
        self._env[stage.index] = {}  # a circle ends here; the build complains of it
        rows = self._rows[stage.index] = {}
        base = base_stage(self._dockerfile, stage, self._expand_from(stage, stage.base.image, rows))
        self._expand_from(stage, stage.base.platform, rows)
        env = self._env[stage.index] = dict(self.enter(base)) if base else {}
        for one in stage.instructions:
            if isinstance(one, Arg):
                for argument in one.arguments:
                    self._declare(one, argument, env, rows)
            elif isinstance(one, Env):
                with suppress(DockerfileError):
                    env |= {key: expand(value, env, escape=self._dockerfile.escape) for key, value, _ in one.pairs}
            elif isinstance(one, Run):
                self._mounts(one, env)
        for other in needed(self._dockerfile, stage):
            self.enter(other)
        return env

    def _expand_from(self, stage: Stage, word: str, rows: dict[str, OutlineArgument]) -> str:
        try:
            text, matched, unmatched = trace(word, self._values, escape=self._dockerfile.escape)
        except DockerfileError as error:
            raise stage.base.error(error.reason, word=word, hint=error.hint) from None
        for name in matched | unmatched:
            self._use(name, rows)
        return text

    def _use(self, name: str, rows: dict[str, OutlineArgument]) -> None:
        """Take down a global argument, and those in its default."""
        found = self._globals.get(name)
        if found and name not in rows:
            rows[name] = _row(found.argument, found.value, found.instruction)
            for other in found.uses:
                self._use(other, rows)

    def _declare(self, one: Arg, argument: Argument, env: dict[str, str], rows: dict[str, OutlineArgument]) -> None:
        name, value = argument.name, self._given.get(argument.name)
        if value is None and argument.default is None:
            if name in self._values:
                env[name] = self._values[name]
                self._use(name, rows)
                return
        elif value is None:
            with suppress(DockerfileError):
                value = expand(argument.default or "", env, escape=self._dockerfile.escape)
        if value is not None:
            env[name] = value
        rows[name] = _row(argument, value, one)

    def _mounts(self, one: Run, env: dict[str, str]) -> None:
        with suppress(DockerfileError):
            for mount in one.resolve_mounts(lambda word: expand(word, env, escape=self._dockerfile.escape)):
                rows = {"secret": self.secrets, "ssh": self.ssh}.get(mount.type)
                if rows is not None:
                    rows.setdefault(mount.id, OutlineSecret(name=mount.id, required=mount.required, lines=one.lines))


def _row(argument: Argument, value: str | None, instruction: Arg) -> OutlineArgument:
    return OutlineArgument(
        name=argument.name, value=value or "", description=argument.description, lines=instruction.lines
    )
