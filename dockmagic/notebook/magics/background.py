"""``--detach``: a call of a cell that goes on in the background, with a `Job` as the cell's value."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from dockmagic.commands.cmdline.context import cannot_ask
from dockmagic.commands.cmdline.table import VERBS, load
from dockmagic.engine.job import Job
from dockmagic.notebook.progress.build import BuildDisplay, build_title
from dockmagic.oci.errors import InvalidInput

from .result_values import present

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.builder.outcome.events import BuildEvent
    from dockmagic.commands.cmdline.command import Verb
    from dockmagic.commands.cmdline.context import CommandContext
    from dockmagic.commands.cmdline.invocation import Invocation

__all__ = ["begin"]

_BUILD: Final = "build"


def begin(call: Invocation, context: Callable[..., CommandContext]) -> Job[Any]:
    """Begin a call in a thread; the job's result is what the cell would have had as its value.

    Args:
        call: of a verb that moves blobs or builds.
        context: makes the context of the call from what is lent for it.

    Raises:
        InvalidInput: the verb takes no time that would be worth it.
    """
    if not _is_long(call.verb):
        raise InvalidInput(f"`{call.name}` has no --detach", hint=f"{_long_verbs()} have it; leave it out here")
    transfer = call.verb.transfer
    title = transfer.describe(call.parameters) if transfer is not None else build_title(call)

    def work(job: Job[Any]) -> Any:
        building = _Building(job)
        ctx = context(
            say=job.on_notice, ask=cannot_ask, on_progress=job.on_progress, follow_build=building, stop=job.stopped
        )
        result = call.run(ctx)
        if errors := getattr(result, "errors", ()):
            raise errors[0]
        return present(result, building.outputs)

    return Job(title, work)


def _is_long(verb: Verb) -> bool:
    """Whether a verb always moves blobs, or builds: what is worth a job."""
    return verb.name == _BUILD or (verb.transfer is not None and verb.transfer.certain)


def _long_verbs() -> str:
    *names, last = (name for name in VERBS if _is_long(load(name)))
    return f"{', '.join(names)} and {last}"


class _Building(BuildDisplay):
    """Collects a build's events for its result, and passes them to the job, which shows them."""

    def __init__(self, job: Job[Any]) -> None:
        super().__init__(job.title)
        self._job = job

    @contextmanager
    def __call__(self, style: str) -> Iterator[Callable[[BuildEvent], None]]:  # noqa: ARG002  (see `Follow`)
        """See `Follow`."""
        with super().__call__("quiet") as gather:

            def hear(event: BuildEvent) -> None:
                gather(event)
                self._job.on_event(event)

            yield hear
