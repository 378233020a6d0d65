"""One stage, step by step: each is looked up in the cache or done, and recorded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from dockmagic.builder.caching.cache import Key, StepLocation
from dockmagic.builder.caching.explain import NOT_ASKED, explain
from dockmagic.builder.image.step_commit import commit_step, moment, scratch
from dockmagic.builder.outcome.events import StepDone, StepStarted
from dockmagic.builder.outcome.failure import refused
from dockmagic.builder.outcome.result import StepFailed, StepResult
from dockmagic.builder.reading.plan import froms
from dockmagic.builder.reading.scope import Scope
from dockmagic.image.configuration import begin
from dockmagic.oci.errors import DockmagicError, about

from .build_session import StageState, progress
from .planned_step import plan_step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.builder.caching.cache import CachedStep
    from dockmagic.builder.caching.explain import KeyDifference
    from dockmagic.builder.outcome.events import Outcome, StepInfo
    from dockmagic.builder.reading.plan import Origin, PlannedStage
    from dockmagic.dockerfile import Instruction
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer

    from .build_session import BuildSession
    from .planned_step import PlannedStep

__all__ = ["StageBuild"]


class StageBuild:
    """One stage while it is built, by one thread.

    Args:
        session: what it shares with the others.
        planned: what it is.
        infos: of its steps; the FROM first.
    """

    def __init__(self, session: BuildSession, planned: PlannedStage, infos: Sequence[StepInfo]) -> None:
        self._session = session
        self._planned = planned
        self._infos = infos
        self._platform = planned.base.platform

    def run(self) -> StageState:
        """Build it.

        Raises:
            StepFailed: a step failed.
            InterruptedError: the build is to end.
        """
        self._wait_for(self._planned.base.origin)
        state = self._begin(self._infos[0])
        for info, instruction in zip(self._infos[1:], self._planned.steps, strict=True):
            for name in froms((instruction,)):
                self._wait_for(self._session.plan.origin(name, self._planned))
            self._session.check()
            state = self._step(info, instruction, state)
        return state

    def _wait_for(self, origin: Origin) -> None:
        # Before the step begins, so that its time is its own.
        if origin.kind == "stage":
            self._session.state(origin.stage)

    # FROM

    def _begin(self, info: StepInfo) -> StageState:
        session, origin = self._session, self._planned.base.origin
        args: Mapping[str, str] = {}
        declared: Sequence[str] = ()
        with _StepReport(session, info, self._planned.line) as report:
            if origin.kind == "stage":
                base = session.state(origin.stage)
                image, args, declared = base.image, base.scope.args, base.scope.declared
                report.done(image, outcome="cached", why=f"stage {origin.name}")
            else:
                with about(self._planned.line.image):
                    here = self._is_here()
                    image = self._base(info)
                report.done(image, outcome="cached" if here else "done", why=self._why_base(here=here))
        settings = begin(image.config, author=image.config_file.author or "")
        escape = session.plan.dockerfile.escape
        scope = Scope(session.plan.arguments, settings.config.env or (), escape=escape, args=args, declared=declared)
        return StageState(image, settings, scope)

    def _why_base(self, *, here: bool) -> str:
        if self._planned.base.origin.kind == "scratch":
            return ""
        return "cached" if here else "pulled"

    def _is_here(self) -> bool:
        """Whether the stage begins with an image that need not be pulled."""
        origin = self._planned.base.origin
        name = self._session.contexts[origin.name].image if origin.kind == "context" else origin.name
        return origin.kind != "scratch" and bool(name) and self._session.bases.is_here(name, self._platform)

    def _base(self, info: StepInfo) -> Image:
        session, origin = self._session, self._planned.base.origin
        if origin.kind == "context" and not session.contexts[origin.name].image:
            return scratch(session.store, self._platform)  # the first step copies what is in it
        return session.image(origin, self._platform, progress(session, info), unpack=session.runs)

    # All others

    def _step(self, info: StepInfo, instruction: Instruction, state: StageState) -> StageState:
        session = self._session
        with _StepReport(session, info, instruction, state.image) as report:
            step = plan_step(session, info, instruction, self._planned, state)
            key = Key(step.inputs)
            location = StepLocation(session.build_id, self._planned.name, info.place, info.instruction)
            found = self._lookup(key)
            explanation = (
                NOT_ASKED if session.ignores_cache(self._planned) else explain(session.cache, location, key, found)
            )
            if found is None and step.work is not None:
                with session.cache.hold(key, stop=session.stopping):
                    # Another build may have done it while we waited.
                    found = self._lookup(key)
                    image = self._known(step, state, found) if found else self._do(step, key, location, state, report)
            else:
                image = self._known(step, state, found) if found else self._do(step, key, location, state, report)
            report.done(
                image, outcome="cached" if found else "done", why=explanation.why, changed=explanation.differences
            )
        return StageState(image, step.settings, step.scope)

    def _lookup(self, key: Key) -> CachedStep | None:
        session = self._session
        if self._session.ignores_cache(self._planned):
            return None
        record = session.cache.lookup(key)
        if record is None or record.layer is None:
            return record
        # The collector may have come between: first the lease, then the look.
        session.keep([record.layer.descriptor.digest])
        return record if session.store.has(record.layer.descriptor) else None

    def _known(self, step: PlannedStep, state: StageState, found: CachedStep) -> Image:
        session = self._session
        created = moment(found.created if session.options.epoch is None else session.options.epoch)
        return commit_step(
            session.store, state.image, step.settings, text=step.text, created=created, layer=found.layer
        )

    def _do(self, step: PlannedStep, key: Key, location: StepLocation, state: StageState, report: _StepReport) -> Image:
        session = self._session
        session.warm()
        layer = step.work() if step.work is not None else None
        now = time.time() if session.options.epoch is None else session.options.epoch
        image = commit_step(session.store, state.image, step.settings, text=step.text, created=moment(now), layer=layer)
        session.keep([image.digest, image.id])
        session.cache.keep(
            key,
            image=image.digest,
            image_id=image.id,
            layer=layer,
            text=report.info.text,
            location=location,
            created=now,
            seconds=report.seconds,
        )
        return image


class _StepReport:
    """Reports one step from its beginning to its end, whichever that is."""

    def __init__(
        self, session: BuildSession, info: StepInfo, instruction: Instruction, before: Image | None = None
    ) -> None:
        self.info = info
        self._before = before
        self._session = session
        self._instruction = instruction
        self._begun = time.perf_counter()

    @property
    def seconds(self) -> float:
        """That it has taken so far."""
        return time.perf_counter() - self._begun

    def __enter__(self) -> Self:
        self._session.emit(StepStarted(step=self.info, at=time.time()))
        return self

    def done(
        self,
        image: Image,
        *,
        outcome: Outcome = "done",
        why: str = "",
        changed: Sequence[KeyDifference] = (),
    ) -> None:
        """It has succeeded."""
        layer = self._layer(image)
        self._session.results[self.info.number] = StepResult(
            info=self.info,
            outcome=outcome,
            seconds=self.seconds,
            why=why,
            changed=tuple((f"{each.what} {each.subject}".rstrip(), each.old, each.new) for each in changed),
            image=image,
            diff_id=layer.diff_id if layer else None,
            size=layer.size if layer else 0,
            compressed_size=layer.compressed_size if layer else 0,
        )
        self._session.emit(
            StepDone(
                number=self.info.number,
                outcome=outcome,
                seconds=self.seconds,
                why=why,
                size=layer.size if layer else None,
            )
        )

    def _layer(self, image: Image | None) -> Layer | None:
        """What it has added to the state before."""
        if image is None or self._before is None or len(image.layers) == len(self._before.layers):
            return None
        return image.layers[-1]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None:
            return
        stopped = isinstance(error, InterruptedError | KeyboardInterrupt)
        outcome: Outcome = "canceled" if stopped else "failed"
        if isinstance(error, DockmagicError):
            told = refused(self._session.plan.dockerfile, self._instruction, self.info, error)
        else:
            told = None
        why = "" if stopped else (told.message if told else str(error))
        image = told.state if isinstance(told, StepFailed) else None
        layer = self._layer(image)
        self._session.results[self.info.number] = StepResult(
            info=self.info,
            outcome=outcome,
            seconds=self.seconds,
            why=why,
            image=image,
            diff_id=layer.diff_id if layer else None,
            size=layer.size if layer else 0,
        )
        self._session.emit(StepDone(number=self.info.number, outcome=outcome, seconds=self.seconds, why=why))
        if told is not None and told is not error:
            raise told from error
