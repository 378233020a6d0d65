"""What a build gives back: the image, its steps, and what each of them did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.oci.counting import count
from dockmagic.oci.errors import DockmagicError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dockmagic.image.analysis import Diff
    from dockmagic.image.image import Image
    from dockmagic.layer.compare import Change
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.reference import Reference
    from dockmagic.plots import Chart

    from .events import BuildWarned, Outcome, StepInfo

__all__ = ["Build", "StepFailed", "StepResult"]


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a finished build.

    Attributes:
        info: which one.
        outcome: ``done``, ``cached``, ``failed``, …
        seconds: that it took; of a cached one, that the look-up took.
        why: one line: why the cache had it, or had it not.
        changed: rows of what differs from the nearest cached step: (part, old, new); empty for a hit.
        image: the state after the step, an image like any other; None if it did not get that far.
        diff_id: of the layer that it made; None if it made none.
        size: bytes of that layer's files.
        compressed_size: bytes of its blob.
    """

    info: StepInfo
    outcome: Outcome
    seconds: float = 0.0
    why: str = ""
    changed: tuple[tuple[str, str, str], ...] = ()
    image: Image | None = None
    diff_id: Digest | None = None
    size: int = 0
    compressed_size: int = 0

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the step did to the file system, by name; nothing if it made no layer."""
        if self.image is None or self.diff_id is None:
            return ()
        return self.image.layers[-1].changes

    @property
    def diff(self) -> Diff | None:
        """The same to look at and to read texts from; None if the step made no layer."""
        if self.image is None or self.diff_id is None:
            return None
        from dockmagic.image.analysis import diff

        return diff(self.image.layers[-1])


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """A finished build.

    Attributes:
        image: the result.
        names: given to it.
        steps: in the order of the file, those of other stages too.
        warnings: in the order in which they came.
        seconds: that it took.
        context_files: how many files of the context were looked at.
        context_hashed: bytes of them that had to be digested anew.
    """

    image: Image
    names: tuple[Reference, ...] = ()
    steps: tuple[StepResult, ...] = ()
    warnings: tuple[BuildWarned, ...] = ()
    seconds: float = 0.0
    context_files: int = 0
    context_hashed: int = 0
    outputs: tuple[str, ...] = ()

    def __repr__(self) -> str:
        name = self.names[0].familiar if self.names else self.image.id.short
        return f"<build {name}, {count(len(self.steps), 'step')}>"

    def plot(self, *, ax: Axes | None = None) -> Chart:
        """Draw with matplotlib how long each step took.

        Args:
            ax: where to draw; None for a figure of its own.
        """
        from dockmagic.plots import StepTime, plot_steps

        name = self.names[0].familiar if self.names else self.image.short_id
        steps = [StepTime(step.info.text, step.seconds, step.outcome == "cached") for step in self.steps]
        return plot_steps(steps, self.seconds, title=name, ax=ax)

    @property
    def metadata(self) -> dict[str, Any]:
        """What ``--metadata-file`` takes: buildx's keys."""
        descriptor = self.image.descriptor
        found: dict[str, Any] = {
            "containerimage.config.digest": str(self.image.id),
            "containerimage.descriptor": {
                "mediaType": descriptor.media_type,
                "digest": str(descriptor.digest),
                "size": descriptor.size,
                "platform": {"architecture": self.image.platform.architecture, "os": self.image.platform.os},
            },
            "containerimage.digest": str(self.image.digest),
        }
        if self.names:
            found["image.name"] = ",".join(str(name.or_latest()) for name in self.names)
        return found


class StepFailed(DockmagicError):
    """A step failed; the state that it left can be entered as ``@failed``, that before it as ``@failed^``.

    Attributes:
        step: which one.
        command: what was run, as a person would type it; empty for other instructions than RUN.
        returned: exit code of the program; None if none was started.
        output: the last lines that it wrote, both streams, without secrets.
        excerpt: lines of the Dockerfile as (number, text, whether it is the step's).
        steps: all of the build, as far as it came.
        state: what the step left, as an image; None if there is nothing to look into.
        result: what a notebook has to go on with; None elsewhere.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        step: StepInfo,
        command: str = "",
        returned: int | None = None,
        output: str = "",
        excerpt: tuple[tuple[int, str, bool], ...] = (),
        steps: tuple[StepResult, ...] = (),
        state: Image | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.step = step
        self.command = command
        self.returned = returned
        self.output = output
        self.excerpt = excerpt
        self.steps = steps
        self.state = state
        self.result: object = None
