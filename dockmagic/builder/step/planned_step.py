"""A planned step: the inputs of its cache key, its history row, and the work that makes its layer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from dockmagic.builder.caching import keys
from dockmagic.builder.copy.copy_op import make_folder, prepare
from dockmagic.builder.outcome.events import StepProgress
from dockmagic.dockerfile import Add, Arg, Copy, Env, Run, Workdir
from dockmagic.image.configuration import apply, work_in
from dockmagic.oci.errors import about

from .build_session import progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.builder.caching.cache import KeyInput
    from dockmagic.builder.outcome.events import StepInfo
    from dockmagic.builder.reading.plan import PlannedStage
    from dockmagic.builder.reading.scope import Scope
    from dockmagic.dockerfile import Instruction
    from dockmagic.image.configuration import Settings
    from dockmagic.image.layer_writer import NewLayer
    from dockmagic.oci.platforms import Platform

    from .build_session import BuildSession, StageState

__all__ = ["PlannedStep", "plan_step"]


class PlannedStep(NamedTuple):
    """One instruction, ready to be looked up or done.

    Attributes:
        inputs: of the cache's key.
        text: of the history row; None for none.
        settings: after it.
        scope: after it.
        work: makes the layer, or finds that there is nothing to make; None for an instruction that has none.
    """

    inputs: tuple[KeyInput, ...]
    text: str | None
    settings: Settings
    scope: Scope
    work: Callable[[], NewLayer | None] | None = None


def plan_step(
    session: BuildSession, info: StepInfo, instruction: Instruction, stage: PlannedStage, state: StageState
) -> PlannedStep:
    """Say what `instruction` asks for.

    Raises:
        DockmagicError: it cannot be done.
    """
    platform = stage.base.platform
    if isinstance(instruction, Arg):
        after = state.scope.declare(instruction)
        values = after.args
        names = [argument.name for argument in instruction.arguments]
        text = "ARG " + " ".join(f"{name}={values[name]}" if name in values else name for name in names)
        inputs = keys.of_argument(state.image, platform, instruction, state.settings, values)
        return PlannedStep(inputs, text, state.settings, after)
    instruction = state.scope.expanded(instruction)
    if isinstance(instruction, Run):
        from .run_step import plan_run

        run = plan_run(session, info, instruction, stage, state)
        return PlannedStep(run.inputs, run.text, state.settings, state.scope, run.work)
    if isinstance(instruction, Copy | Add):
        return _copy(session, info, instruction, stage, state)
    if isinstance(instruction, Workdir):
        return _workdir(session, instruction, platform, state)
    settings, row = apply(state.settings, instruction)
    after = state.scope.set(instruction) if isinstance(instruction, Env) else state.scope
    return PlannedStep(keys.of_configuration(state.image, platform, instruction, state.settings), row, settings, after)


def _workdir(session: BuildSession, instruction: Workdir, platform: Platform, state: StageState) -> PlannedStep:
    settings = work_in(state.settings, instruction.path)
    path, user, epoch = settings.workdir, settings.user, session.options.epoch

    def work() -> NewLayer | None:
        return make_folder(
            session.store, state.image, path, session.keep, owner=user, moment=int(_now(epoch)), epoch=epoch
        )

    inputs = keys.of_workdir(state.image, platform, instruction, path, user, epoch=epoch)
    return PlannedStep(inputs, f"WORKDIR {path}", settings, state.scope, work if path != "/" else None)


def _copy(
    session: BuildSession, info: StepInfo, instruction: Copy | Add, stage: PlannedStage, state: StageState
) -> PlannedStep:
    platform = stage.base.platform
    epoch = session.options.epoch
    from_ = instruction.from_ if isinstance(instruction, Copy) else ""
    origin = session.plan.origin(from_, stage) if from_ else None

    def on_progress(what: str, done: int, total: int) -> None:
        session.emit(StepProgress(number=info.number, what=what, status="Downloading", done=done, total=total))

    with about(from_):
        files = session.files(origin, platform, progress(session, info))
    copy_op = prepare(
        instruction,
        files,
        home=session.store.home,
        workdir=state.settings.workdir,
        on_progress=on_progress,
        stop=session.stopping,
    )
    text = _copy_text(instruction)
    inputs = keys.of_copy(state.image, platform, instruction, state.settings.workdir, copy_op.inputs, epoch=epoch)
    if copy_op.link:
        inputs = (
            *(key_input for key_input in inputs if key_input.name != "parent"),
            *copy_op.inputs_below(state.image),
        )

    def work() -> NewLayer | None:
        return copy_op.write(session.store, state.image, session.keep, moment=int(_now(epoch)), epoch=epoch)

    return PlannedStep(inputs, f"{text} # buildkit", state.settings, state.scope, work)


def _copy_text(instruction: Copy | Add) -> str:
    """The history row, which tells of these flags alone, as BuildKit's does."""
    words = ["COPY" if isinstance(instruction, Copy) else "ADD"]
    if isinstance(instruction, Copy) and instruction.parents:
        words.append("--parents")
    if instruction.chown:
        words.append(f"--chown={instruction.chown}")
    if instruction.chmod:
        words.append(f"--chmod={instruction.chmod}")
    words += [*instruction.sources, *(f"<<{document.name}" for document in instruction.heredocs), instruction.dest]
    return " ".join(words)


def _now(epoch: int | None) -> float:
    return time.time() if epoch is None else epoch
