"""What a Dockerfile needs done: the stages that the target stands on, their order, and what each begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from dockmagic.dockerfile import Copy, Onbuild, Run, expand, parse_trigger, trace
from dockmagic.dockerfile.needs import find_target
from dockmagic.dockerfile.suggest import nearest
from dockmagic.oci.errors import DockerfileError, DockmagicError, InvalidPlatform, InvalidReference, StoreError
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference

from .epoch import EPOCH
from .scope import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from dockmagic.builder.options import Options
    from dockmagic.dockerfile import Dockerfile, From, Instruction, Stage

__all__ = ["Base", "Origin", "Plan", "PlannedStage", "context_of", "froms", "make_plan", "plan_build"]

_SCRATCH = "scratch"


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
        triggers: how many of `steps` are instructions that the base puts first.
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
    unique: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The stages that the target needs.

    Attributes:
        dockerfile: that it was made from.
        stages: in the file's order, which is an order to build them in.
        target: index of the one whose result is asked for.
        arguments: values for ARG, the same for all stages.
        platform: to build for.
        contexts: names of the named contexts.
    """

    dockerfile: Dockerfile
    stages: tuple[PlannedStage, ...]
    target: int
    arguments: Arguments
    platform: Platform
    contexts: tuple[str, ...] = ()

    def stage(self, index: int) -> PlannedStage:
        """The planned stage with this index in the file."""
        return next(stage for stage in self.stages if stage.index == index)

    def origin(self, text: str, stage: PlannedStage) -> Origin:
        """What ``--from=text`` (of COPY or a mount) means in `stage`; every stage it names is planned.

        Raises:
            DockerfileError: a stage that comes later, or itself.
        """
        return _origin(self.dockerfile, text, stage.index, self.contexts)

    def with_triggers(self, find: Callable[[Base], Sequence[str]]) -> Plan:
        """The plan with what bases put first, which the text does not say.

        Args:
            find: what a base that is an image or a named context puts first: its ONBUILD, or the copy that a context of
                files begins with; asked once for each stage that is needed.

        Raises:
            DockerfileError: a base is not there, or it puts first what cannot be, at the FROM.
        """
        planner = _Planner(self.dockerfile, self.arguments, self.platform, self.contexts)
        planner.stages.update((stage.index, stage) for stage in self.stages)
        asked: set[int] = set()
        while waiting := sorted(planner.stages.keys() - asked):  # a trigger may need a stage that nothing else does
            for index in waiting:
                asked.add(index)
                planner.put_first(planner.stages[index], find)
        return msgspec.structs.replace(self, stages=planner.in_order)

    @property
    def as_written(self) -> frozenset[int]:
        """Indices of the stages that are built as the file says: not those that a named context stands in for."""
        stages = self.dockerfile.stages
        return frozenset(one.index for one in self.stages if stages[one.index].name not in self.contexts)

    @property
    def images(self) -> tuple[Base, ...]:
        """Every image that the stages use, each once: bases, ``COPY --from`` and mounts."""
        found: dict[Base, None] = {}
        for stage in self.stages:
            if stage.base.origin.kind == "image":
                found[stage.base] = None
            for text in froms(stage.steps):
                origin = self.origin(text, stage)
                if origin.kind == "image":
                    found[Base(origin, stage.base.platform)] = None
        return tuple(found)


def make_plan(
    dockerfile: Dockerfile,
    *,
    target: str | None = "",
    build_args: Mapping[str, str | None] | None = None,
    platform: Platform | None = None,
    contexts: Collection[str] = (),
) -> Plan:
    """Plan a build, as far as the text says it: nothing is looked for, and no registry is asked.

    Args:
        dockerfile: parsed.
        target: name (any case) or number of a stage; empty for the last, None for the last and all others.
        build_args: values for ARG; None as a value takes the environment's, if it has one.
        platform: to build for; None for the default.
        contexts: names of the named contexts, which go before stages and images of that name.

    Raises:
        DockerfileError: no such target, a circle, an empty or bad base, with its line.
    """
    wanted = find_target(dockerfile, target or "")
    platform = platform or Platform.default()
    arguments = Arguments.of(
        dockerfile,
        build_args or {},
        platform=platform,
        build_platform=Platform.local(),
        target=(target or wanted.name).lower(),
    )
    planner = _Planner(dockerfile, arguments, platform, tuple(contexts))
    for stage in dockerfile.stages if target is None else (wanted,):
        planner.add(stage)
    return Plan(
        dockerfile=dockerfile,
        stages=planner.in_order,
        target=wanted.index,
        arguments=arguments,
        platform=platform,
        contexts=tuple(contexts),
    )


def plan_build(dockerfile: Dockerfile, options: Options, *, target: str | None, contexts: Collection[str] = ()) -> Plan:
    """Plan what `options` ask for, but for their target; see `make_plan`."""
    # As a client of BuildKit does, which gives the environment's on: ARG SOURCE_DATE_EPOCH sees it.
    epoch = {} if options.epoch is None else {EPOCH: str(options.epoch)}
    return make_plan(
        dockerfile,
        target=target,
        build_args=epoch | options.build_args,
        platform=options.platform,
        contexts=contexts,
    )


class _Planner:
    """Follows the target to all that it needs."""

    def __init__(
        self,
        dockerfile: Dockerfile,
        arguments: Arguments,
        platform: Platform,
        contexts: tuple[str, ...],
    ) -> None:
        self._dockerfile = dockerfile
        self._arguments = arguments
        self._platform = platform
        self._contexts = contexts
        self.stages: dict[int, PlannedStage] = {}

    @property
    def in_order(self) -> tuple[PlannedStage, ...]:
        """The stages in the file's order."""
        return tuple(self.stages[index] for index in sorted(self.stages))

    def add(self, stage: Stage) -> None:
        """Plan a stage and, before it, what it needs: only earlier ones, so this ends."""
        if stage.index in self.stages:
            return
        base = self._base(stage)
        for text in froms(stage.instructions):  # a circle is told before any registry is asked
            _origin(self._dockerfile, text, stage.index, self._contexts)
        if base.origin.kind == "stage":
            self.add(self._dockerfile.stages[base.origin.stage])
            below = self.stages[base.origin.stage]
            base = Base(base.origin, below.base.platform)
            expressions: Sequence[str] = [step.expression for step in below.steps if isinstance(step, Onbuild)]
        else:
            expressions = ()  # what an image puts first is not in the text
        line = stage.base
        # A stage that is replaced by a context of its name has nothing left to do.
        own = () if self._is_replaced(stage) else stage.instructions
        first = self._parsed(line, expressions)
        steps = (*first, *own)
        needs = {base.origin.stage} if base.origin.kind == "stage" else set()
        needs |= self._add_needed(stage.index, steps)
        self.stages[stage.index] = PlannedStage(
            index=stage.index,
            name=stage.name or f"stage-{stage.index}",
            line=line,
            base=base,
            triggers=len(first),
            steps=steps,
            needs=tuple(sorted(needs)),
            unique=len(self._dockerfile.stages) == 1,
        )

    def _parsed(self, line: From, expressions: Sequence[str]) -> list[Instruction]:
        return [parse_trigger(text, lines=line.lines, file=self._dockerfile.name) for text in expressions]

    def _add_needed(self, index: int, steps: Sequence[Instruction]) -> set[int]:
        """Plan the stages that steps of a stage take files from; their indices."""
        origins = [_origin(self._dockerfile, text, index, self._contexts) for text in froms(steps)]
        found = {origin.stage for origin in origins if origin.kind == "stage"}
        for needed in sorted(found):
            self.add(self._dockerfile.stages[needed])
        return found

    def put_first(self, planned: PlannedStage, find: Callable[[Base], Sequence[str]]) -> None:
        """Put what the base of a planned stage says before its steps."""
        if planned.base.origin.kind not in ("image", "context"):
            return
        expressions = self._find(self._dockerfile.stages[planned.index], planned.base, find)
        first = self._parsed(planned.line, expressions)
        needs = self._add_needed(planned.index, first)
        self.stages[planned.index] = msgspec.structs.replace(
            planned,
            triggers=len(first),
            steps=(*first, *planned.steps),
            needs=tuple(sorted({*planned.needs, *needs})),
        )

    def _find(self, stage: Stage, base: Base, find: Callable[[Base], Sequence[str]]) -> Sequence[str]:
        """The triggers of a base, which is looked for now: where there is none, its FROM is to blame."""
        try:
            return find(base)
        except StoreError:  # a full disk, or the like
            raise
        except DockmagicError as error:
            later = self._dockerfile.stage(base.origin.name)
            hint = error.hint
            if later is not None and later.name and later.index > stage.index:
                hint = f"The stage {later.name} begins in line {later.base.lines[0]}, and FROM sees those above it only"
            raise stage.base.error(error.message, word=stage.base.image, hint=hint) from error

    def _is_replaced(self, stage: Stage) -> bool:
        return bool(stage.name) and stage.name in self._contexts

    def _base(self, stage: Stage) -> Base:
        line = stage.base
        platform = self._stage_platform(line)
        if self._is_replaced(stage):
            return Base(Origin("context", stage.name), platform)
        name = self._expanded(line, line.image)
        if not name:
            raise line.error(f"base name ({line.image}) should not be blank", word=line.image)
        return Base(_base_origin(self._dockerfile, name, line, stage.index, self._contexts), platform)

    def _stage_platform(self, line: From) -> Platform:
        if not line.platform:
            return self._platform
        text = self._expanded(line, line.platform)
        if not text:
            raise line.error(
                f"empty platform value from expression {line.platform}",
                word=line.platform,
                suggestion=self._meant(line.platform),
            )
        try:
            return Platform.parse(text)
        except InvalidPlatform as error:
            raise line.error(
                f"failed to parse platform {text}: {error.message}",
                word=line.platform,
                suggestion=self._meant(line.platform),
            ) from None

    def _meant(self, text: str) -> str:
        """The argument that is probably meant by one in `text` that nothing declares."""
        known = self._arguments.common
        unknown = trace(text, known, escape=self._dockerfile.escape).unmatched
        return next(filter(None, (nearest(name, sorted(known)) for name in sorted(unknown))), "")

    def _expanded(self, line: From, text: str) -> str:
        try:
            return expand(text, self._arguments.common, escape=self._dockerfile.escape)
        except DockerfileError as error:
            raise line.error(error.reason, word=text, hint=error.hint) from None


def froms(steps: Sequence[Instruction]) -> Iterator[str]:
    """What ``--from`` of COPY and of mounts names, as written."""
    for step in steps:
        if isinstance(step, Copy) and step.from_:
            yield step.from_
        elif isinstance(step, Run):
            yield from (mount.from_ for mount in step.mounts if mount.from_)


def _base_origin(dockerfile: Dockerfile, name: str, line: From, index: int, contexts: tuple[str, ...]) -> Origin:
    for stage in reversed(dockerfile.stages[:index]):
        if stage.name and stage.name == name.lower():
            return Origin("stage", stage.name, stage.index)
    if name == _SCRATCH:
        return Origin("scratch", name)
    context = context_of(name, contexts)
    if context:
        return Origin("context", context)
    try:
        Reference.parse(name)
    except InvalidReference as error:
        raise line.error(error.message, word=line.image, hint=error.hint) from None
    return Origin("image", name)


def _origin(dockerfile: Dockerfile, text: str, index: int, contexts: tuple[str, ...]) -> Origin:
    stage = dockerfile.stage(text)
    if stage is not None:
        if stage.index == index:
            if stage.name in contexts:  # which it is a copy of: of its own steps none is left
                return Origin("context", stage.name)
            raise _at(dockerfile, index, f"circular dependency detected on stage: {stage.name or stage.index}")
        if stage.index > index:
            raise _at(
                dockerfile, index, f'cannot copy from stage "{text}", it needs to be defined before current stage'
            )
        return Origin("stage", stage.name or str(stage.index), stage.index)
    if text.isdecimal():
        raise _at(dockerfile, index, f"invalid stage index {text}")
    if text == _SCRATCH:
        return Origin("scratch", text)
    context = context_of(text, contexts)
    return Origin("context", context) if context else Origin("image", text)


def _at(dockerfile: Dockerfile, index: int, reason: str) -> DockerfileError:
    """An error at the instruction of a stage that names another one wrongly: the first that fits the reason."""
    stage = dockerfile.stages[index]
    for step in stage.instructions:
        for text in froms((step,)):
            found = dockerfile.stage(text)
            if (found is not None and found.index >= index) or (found is None and text.isdecimal()):
                return step.error(reason, word=text)
    return stage.base.error(reason)


def context_of(name: str, contexts: tuple[str, ...]) -> str:
    """The named context that stands for an image or ``--from`` of this name; empty if none does."""
    wanted = _familiar(name)
    return next((context for context in contexts if context == name or _familiar(context) == wanted), "")


def _familiar(name: str) -> str:
    try:
        return Reference.parse(name).familiar.removesuffix(":latest")
    except InvalidReference:
        return name
