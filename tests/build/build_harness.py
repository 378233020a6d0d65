"""A harness that builds whole Dockerfiles, and reads what comes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dockmagic.builder.execute import build
from dockmagic.builder.options import Options
from dockmagic.builder.outcome.events import StepDone, StepOutput
from dockmagic.builder.reading.plan import plan_build
from dockmagic.builder.sources.context import open_context, open_named
from dockmagic.dockerfile import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dockmagic.builder.outcome.events import BuildEvent
    from dockmagic.builder.outcome.output import BuildOutput
    from dockmagic.builder.outcome.result import Build
    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.reference import Reference
    from dockmagic.store.content import ContentStore

__all__ = ["Builder", "added", "read"]


@dataclass
class Builder:
    """Builds in one store, and remembers what was told.

    Attributes:
        store: where.
        folder: of the context; files that are given are written there first.
        events: of the latest build.
    """

    store: ContentStore
    folder: Path
    events: list[BuildEvent] = field(default_factory=list)

    def __call__(
        self,
        text: str,
        files: Mapping[str, str] | None = None,
        *,
        contexts: Mapping[str, str] | None = None,
        outputs: tuple[BuildOutput, ...] = (),
        registry: Callable[[Reference], ImageSource] | None = None,
        watch: list[BuildEvent] | None = None,
        stop: Callable[[], bool] = lambda: False,
        **options: object,
    ) -> Build:
        """Build the Dockerfile `text`."""
        for name, content in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.events = [] if watch is None else watch
        home = self.store.home
        named = {name: open_named(home, name, where) for name, where in (contexts or {}).items()}
        asked = Options(**options)  # type: ignore[arg-type]
        with open_context(home, str(self.folder)) as context:
            return build(
                self.store,
                plan_build(parse(text), asked, target=asked.target, contexts=named),
                context.ignoring("Dockerfile"),
                asked,
                contexts=named,
                outputs=outputs,
                registry=registry,
                on_event=self.events.append,
                stop=stop,
            )

    @property
    def output(self) -> str:
        """What the programs of the latest build have written."""
        return b"".join(event.data for event in self.events if isinstance(event, StepOutput)).decode()

    @property
    def outcomes(self) -> list[str]:
        """How the steps of the latest build ended, in the order of the file."""
        done = [event for event in self.events if isinstance(event, StepDone)]
        return [event.outcome for event in sorted(done, key=lambda event: event.number)]


def added(image: Image, since: int = 0) -> list[str]:
    """Paths that the layers from `since` on have, directories left out."""
    return sorted(node.entry.path for node in image.files if node.layer >= since and not node.entry.is_dir)


def read(image: Image, path: str) -> str:
    """A text in an image."""
    return (image / path).read_text()
