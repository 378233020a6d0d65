"""A whole build: its plan is completed by what bases say, its stages are built, and the result gets its names."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from msgspec.structs import replace

from dockmagic.image.image import Image
from dockmagic.oci.reference import Reference

from .caching import steps
from .caching.cache import Cache
from .image.packing import repack
from .image.step_commit import finish, settle
from .outcome.events import BuildStarted, BuildWarned, Exported, StepInfo, ignore_events
from .outcome.output import export, one_packing
from .outcome.result import Build, StepFailed
from .reading.builder_arguments import refuse_arguments
from .reading.epoch import EPOCH, DateOf, epoch_of
from .reading.plan import plan_build
from .sources.files import printable
from .step.bases import Bases
from .step.build_session import BuildSession
from .step.scheduler import build_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dockmagic.dockerfile import Instruction
    from dockmagic.image.source import ImageSource
    from dockmagic.store.content import ContentStore

    from .image.packing import Packing
    from .options import Options
    from .outcome.events import BuildEvent
    from .outcome.output import BuildOutput
    from .reading.plan import Base, Plan
    from .sources.context import Context

__all__ = ["build"]


def build(
    store: ContentStore,
    plan: Plan,
    context: Context,
    options: Options,
    *,
    contexts: Mapping[str, Context] | None = None,
    outputs: Sequence[BuildOutput] = (),
    registry: Callable[[Reference], ImageSource] | None = None,
    bases: Bases | None = None,
    on_event: Callable[[BuildEvent], None] = ignore_events,
    stdout: BinaryIO | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Build:
    """Build an image.

    Nothing is named before everything has succeeded. Two builds of the same thing at once share their work.
    KeyboardInterrupt ends the steps that run, and leaves the store whole.

    Args:
        store: where base images are found, and everything is kept.
        plan: of what `options` ask for, as the text says it (`plan_build`).
        context: of the build; opened, and closed by the caller.
        options: the flags, of which the plan was made.
        contexts: named ones (``--build-context``), opened; the plan knows their names.
        outputs: where the result goes besides; none for the store alone.
        registry: gives the source of a base image, such as `Registries.repository`; None for offline.
        bases: what has been found out about base images so far; None for nothing.
        on_event: hears how it goes; called from several threads, one at a time.
        stdout: takes an output of ``dest=-``.
        stop: asked now and then; when it returns true the build ends with `InterruptedError`.

    Raises:
        StepFailed: a step failed.
        DockerfileError: the plan is impossible, or a base image is nowhere (its cause is then `ImageNotFound` or
            `RegistryError`), with its line.
        NotSupported: a RUN where nothing can run, or for another processor.
        InvalidInput: outputs that ask for different images.
        OutOfSpace: the disk is full; nothing is named.
    """
    begun = time.perf_counter()
    packing = one_packing(outputs)
    emit = _one_at_a_time(on_event)
    contexts = contexts or {}
    bases = bases or Bases(store, registry, pull=options.pull)
    dockerfile = plan.dockerfile
    refuse_arguments(plan.arguments.given)
    if options.epoch is None:
        epoch = epoch_of(dockerfile, plan.arguments, contexts)
        if isinstance(epoch, DateOf):
            from .dating import find_date

            epoch = find_date(epoch, store.home, context, contexts, stop=stop)
            # ARG sees what the name stands for, and FROM may: this alone makes another plan.
            options = replace(options, build_args=options.build_args | {EPOCH: "" if epoch is None else str(epoch)})
            plan = plan_build(dockerfile, options, target=options.target, contexts=contexts)
        options = replace(options, epoch=epoch)
    plan = plan.with_triggers(partial(_triggers, contexts, bases))
    infos = _number(plan)
    emit(
        BuildStarted(
            steps=tuple(info for stage in infos.values() for info in stage), context=printable(context.written)
        )
    )
    with store.lease() as keep:
        session = BuildSession(
            store=store,
            plan=plan,
            context=context,
            contexts=contexts,
            options=options,
            cache=Cache(store.home),
            bases=bases,
            keep=keep,
            emit=emit,
            build_id=printable(f"{context.identity} {dockerfile.name}"),
        )
        for name in plan.arguments.unused:
            session.warn(BuildWarned(text=f"[Warning] One or more build-args [{name}] were not consumed"))
        with closing(session):
            try:
                build_stages(session, infos, stop)
            except StepFailed as error:
                ended = tuple(session.results[number] for number in sorted(session.results))
                steps.remember(store, ended)
                raise error.revised(steps=ended) from error.__cause__
            done = tuple(session.results[number] for number in sorted(session.results))
            image = _finish(session, outputs, packing)
            keep([image.digest, image.id])
            names, where = _hand_out(session, image, outputs, stdout)
            steps.remember(store, done)
    return Build(
        image=image,
        names=names,
        steps=done,
        warnings=tuple(session.warnings),
        seconds=time.perf_counter() - begun,
        context_files=context.counts[0],
        context_hashed=context.counts[1],
        outputs=where,
    )


def _one_at_a_time(on_event: Callable[[BuildEvent], None]) -> Callable[[BuildEvent], None]:
    lock = threading.Lock()

    def emit(event: BuildEvent) -> None:
        with lock:
            on_event(event)

    return emit


def _triggers(contexts: Mapping[str, Context], bases: Bases, base: Base) -> Sequence[str]:
    """What a base puts first."""
    name = base.origin.name
    if base.origin.kind == "context":
        if not contexts[name].image:  # a stage that begins with files: an empty one, and all of them
            return (f"COPY --from={name} . /",)
        name = contexts[name].image
    return bases.view(name, base.platform).config.on_build or ()


def _number(plan: Plan) -> dict[int, tuple[StepInfo, ...]]:
    """The steps of each stage, numbered through all of them."""
    found: dict[int, tuple[StepInfo, ...]] = {}
    number = 0
    for stage in plan.stages:
        lines: list[Instruction] = [stage.line, *stage.steps]
        infos = []
        for place, line in enumerate(lines, 1):
            number += 1
            is_trigger = 1 < place <= stage.triggers + 1
            infos.append(
                StepInfo(
                    number=number,
                    stage="" if stage.unique and not stage.line.stage else stage.name,
                    place=place,
                    of=len(lines),
                    instruction=line.name,
                    text=line.original,
                    lines=(0, 0) if is_trigger else line.lines,
                )
            )
        found[stage.index] = tuple(infos)
    return found


def _finish(session: BuildSession, outputs: Sequence[BuildOutput], packing: Packing | None) -> Image:
    """The target's image, with what the flags and outputs add to it."""
    options, image = session.options, session.state(session.plan.target).image
    own = {result.diff_id for result in session.results.values() if result.diff_id is not None}
    return finish(
        session.store,
        image,
        labels=options.labels,
        annotations=options.annotations | {key: text for each in outputs for key, text in each.annotations.items()},
        docker_media_types=options.docker_media_types or any(output.docker_media_types for output in outputs),
        layers=repack(session.store, image, packing, session.keep, own=own, reproducible=options.epoch is not None)
        if packing is not None
        else None,
    )


def _hand_out(
    session: BuildSession, image: Image, outputs: Sequence[BuildOutput], stdout: BinaryIO | None
) -> tuple[tuple[Reference, ...], tuple[str, ...]]:
    """Give the result its names, all at once, and write it to where it was asked for; the names and the places."""
    store = session.store
    if outputs and all(output.type == "cacheonly" for output in outputs):
        return (), ()
    further = (Reference.parse(name).or_latest() for output in outputs for name in output.names)
    names = tuple(dict.fromkeys((*session.options.tags, *further)))
    named = Image(store, image.descriptor, names=names, home=store.home, keep_tables=True)
    if all(entry.descriptor.digest != image.digest for entry in store.names()):
        settle(store, image)  # what is listed has been settled before
    where = []
    for output in outputs:
        place = export(store, named, output, stdout=stdout)
        session.emit(Exported(what=output.type, where=place, image_id=image.id))
        where.append(place)
    with store.edit() as edit:
        for ref in names:
            edit.set(ref, image.descriptor, size=image.size)
        if not names:
            edit.add(image.descriptor, size=image.size)
    for ref in names:
        session.emit(Exported(what="image", where=ref.familiar, image_id=image.id))
    return names, tuple(where)
