"""The scheduler of stages: each has a thread of its own, which waits where it needs another stage."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .stage import StageBuild

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dockmagic.builder.outcome.events import StepInfo

    from .build_session import BuildSession, StageState

__all__ = ["StageThread", "build_stages"]

# How often the main thread, which alone hears of Ctrl-C, looks up from waiting; in seconds.
_GLANCE = 0.5


class StageThread(threading.Thread):
    """One stage while it is built.

    Args:
        stage: what is to be built.
        over: is notified when it is done.
    """

    def __init__(self, stage: StageBuild, over: threading.Condition) -> None:
        super().__init__(name="dockmagic-stage")
        self._stage = stage
        self._over = over
        self._state: StageState | None = None
        self.ended = False
        self.error: BaseException | None = None

    def run(self) -> None:
        """Build it."""
        try:
            self._state = self._stage.run()
        except BaseException as error:  # noqa: BLE001 - whoever waits for the stage raises it
            self.error = error
        with self._over:
            self.ended = True
            self._over.notify_all()

    def state(self) -> StageState:
        """Where it stands when it is done; waits for it.

        Raises:
            BaseException: what it failed with.
        """
        self.join()
        if self._state is None:
            raise self.error or InterruptedError("the stage was not built")
        return self._state


def build_stages(session: BuildSession, infos: Mapping[int, Sequence[StepInfo]], stop: Callable[[], bool]) -> None:
    """Build all stages of the plan; when this returns or raises, none runs any more.

    Args:
        session: takes the stages, and what they give.
        infos: the steps of each stage.
        stop: asked now and then; when it returns true the build is stopped.

    Raises:
        BaseException: what the first stage that failed has failed with.
    """
    over = threading.Condition()
    stages = [StageThread(StageBuild(session, planned, infos[planned.index]), over) for planned in session.plan.stages]
    session.stages.update(
        (planned.index, stage.state) for planned, stage in zip(session.plan.stages, stages, strict=True)
    )
    try:
        for stage in stages:
            stage.start()
        while not _settled(stages, over):
            if stop():
                session.stop()
    finally:
        session.stop()
        for stage in stages:
            if stage.ident is not None:
                stage.join()
    failures = [stage.error for stage in stages if stage.error is not None]
    if failures:
        # A stage that was stopped for another one's sake has nothing to say.
        raise next((error for error in failures if not isinstance(error, InterruptedError)), failures[0])


def _settled(stages: Sequence[StageThread], over: threading.Condition) -> bool:
    """Wait a moment for it: whether all is done, or one has failed."""

    def settled() -> bool:
        return all(stage.ended for stage in stages) or any(stage.error is not None for stage in stages)

    with over:
        return over.wait_for(settled, _GLANCE)
