"""What one instruction asks for: what it depends on, what it says of itself, and how it is done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from dockmagic.builder.caching import keys
from dockmagic.builder.copy.copying import make_folder, prepare
from dockmagic.builder.outcome.events import StepProgress
from dockmagic.dockerfile import Add, Arg, Copy, Env, Run, Workdir
from dockmagic.image.configuration import apply, work_in
from dockmagic.oci.errors import about

from .workshop import progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.builder.caching.cache import Part
    from dockmagic.builder.image.layer import NewLayer
    from dockmagic.builder.outcome.events import StepInfo
    from dockmagic.builder.reading.plan import PlannedStage
    from dockmagic.builder.reading.scope import Scope
    from dockmagic.dockerfile import Instruction
    from dockmagic.image.configuration import Settings
    from dockmagic.oci.platforms import Platform

    from .workshop import State, Workshop

__all__ = ["Todo", "plan_step"]


class Todo(NamedTuple):
    """One instruction, ready to be looked up or done.

    Attributes:
        parts: of the cache's key.
        text: of the history row; None for none.
        settings: after it.
        scope: after it.
        work: makes the layer, or finds that there is nothing to make; None for an instruction that has none.
    """

    parts: tuple[Part, ...]
    text: str | None
    settings: Settings
    scope: Scope
    work: Callable[[], NewLayer | None] | None = None


def plan_step(shop: Workshop, info: StepInfo, instruction: Instruction, stage: PlannedStage, state: State) -> Todo:
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
        parts = keys.of_argument(state.image, platform, instruction, state.settings, values)
        return Todo(parts, text, state.settings, after)
    instruction = state.scope.expanded(instruction)
    if isinstance(instruction, Run):
        from .run_step import plan_run

        run = plan_run(shop, info, instruction, stage, state)
        return Todo(run.parts, run.text, state.settings, state.scope, run.work)
    if isinstance(instruction, Copy | Add):
        return _copy(shop, info, instruction, stage, state)
    if isinstance(instruction, Workdir):
        return _workdir(shop, instruction, platform, state)
    settings, row = apply(state.settings, instruction)
    after = state.scope.set(instruction) if isinstance(instruction, Env) else state.scope
    return Todo(keys.of_configuration(state.image, platform, instruction, state.settings), row, settings, after)


def _workdir(shop: Workshop, instruction: Workdir, platform: Platform, state: State) -> Todo:
    settings = work_in(state.settings, instruction.path)
    path, user, epoch = settings.workdir, settings.user, shop.options.epoch

    def work() -> NewLayer | None:
        return make_folder(shop.store, state.image, path, shop.keep, owner=user, moment=int(_now(epoch)), epoch=epoch)

    parts = keys.of_workdir(state.image, platform, instruction, path, user, epoch=epoch)
    return Todo(parts, f"WORKDIR {path}", settings, state.scope, work if path != "/" else None)


def _copy(shop: Workshop, info: StepInfo, instruction: Copy | Add, stage: PlannedStage, state: State) -> Todo:
    platform = stage.base.platform
    epoch = shop.options.epoch
    from_ = instruction.from_ if isinstance(instruction, Copy) else ""
    origin = shop.plan.origin(from_, stage) if from_ else None

    def on_progress(what: str, done: int, total: int) -> None:
        shop.emit(StepProgress(number=info.number, what=what, status="Downloading", done=done, total=total))

    with about(from_):
        files = shop.files(origin, platform, progress(shop, info))
    copying = prepare(
        instruction,
        files,
        home=shop.store.home,
        workdir=state.settings.workdir,
        on_progress=on_progress,
        stop=shop.stopping,
    )
    text = _copy_text(instruction)
    parts = keys.of_copy(state.image, platform, instruction, state.settings.workdir, copying.parts, epoch=epoch)
    if copying.link:
        parts = (*(part for part in parts if part.name != "parent"), *copying.parts_below(state.image))

    def work() -> NewLayer | None:
        return copying.write(shop.store, state.image, shop.keep, moment=int(_now(epoch)), epoch=epoch)

    return Todo(parts, f"{text} # buildkit", state.settings, state.scope, work)


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
