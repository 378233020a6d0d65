"""What a Dockerfile needs done: the stages that the target stands on, their order, and what each begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dockmagic.oci.dockerfile import Dockerfile
    from dockmagic.oci.dockerfile.instructions import From, Instruction
    from dockmagic.oci.platforms import Platform

    from .scope import Arguments

__all__ = ["Base", "Origin", "Plan", "PlannedStage", "make_plan"]


class Origin(msgspec.Struct, frozen=True):
    """What a FROM, ``--from`` or mount means.

    Attributes:
        kind: ``stage``, ``image``, ``context`` (a named one), or ``scratch``.
        name: reference of the image (as written, expanded), name of the context; of a stage its name or number.
        stage: index of the stage; -1 for the others.
    """

    kind: Literal["stage", "image", "context", "scratch"]
    name: str
    stage: int = -1


class Base(msgspec.Struct, frozen=True):
    """What a stage begins with.

    Attributes:
        origin: where it comes from.
        platform: of the stage.
    """

    origin: Origin
    platform: Platform


class PlannedStage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage that is to be built.

    Attributes:
        index: in the file.
        name: as BuildKit shows it: its name, else ``stage-INDEX``.
        line: the FROM.
        base: what it begins with.
        triggers: instructions that the base's ONBUILD puts first, already among `steps`.
        steps: what follows the FROM, triggers first.
        needs: indices of the stages it uses, sorted: base, ``COPY --from``, ``RUN --mount=from``.
        unique: the only stage of the file (BuildKit then shows no name: ``[2/5]``).
    """

    index: int
    name: str
    line: From
    base: Base
    triggers: int
    steps: tuple[Instruction, ...]
    needs: tuple[int, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The stages that the target needs.

    Attributes:
        dockerfile: that it was made from.
        stages: in the file's order, which is an order to build them in.
        target: index of the one whose result is asked for.
        arguments: values for ARG, the same for all stages.
    """

    dockerfile: Dockerfile
    stages: tuple[PlannedStage, ...]
    target: int
    arguments: Arguments
    contexts: tuple[str, ...] = ()

    def stage(self, index: int) -> PlannedStage:
        """The planned stage with this index in the file."""
        raise NotImplementedError

    def origin(self, text: str, stage: PlannedStage) -> Origin:
        """What ``--from=text`` (of COPY or a mount, expanded) means in `stage`; every stage it names is planned.

        Raises:
            DockerfileError: a stage that comes later, or itself.
        """
        raise NotImplementedError

    @property
    def images(self) -> tuple[Base, ...]:
        """Every image that the stages use, each once: bases, ``COPY --from`` and mounts."""
        raise NotImplementedError


def make_plan(
    dockerfile: Dockerfile,
    *,
    target: str = "",
    build_args: Mapping[str, str | None] | None = None,
    platform: Platform | None = None,
    contexts: Collection[str] = (),
    triggers: Callable[[Base], Sequence[str]] = lambda _base: (),
) -> Plan:
    """Plan a build.

    Args:
        dockerfile: parsed.
        target: name (any case) or number of a stage; empty for the last.
        build_args: values for ARG; None as a value takes the environment's, if it has one.
        platform: to build for; None for the default.
        contexts: names of the named contexts, which go before stages' bases and images of that name.
        triggers: the ONBUILD of a base that is an image or a named context; called once for each that is needed.

    Raises:
        DockerfileError: no such target, a circle, an unknown stage, an empty or bad base, with its line.
    """
    raise NotImplementedError
