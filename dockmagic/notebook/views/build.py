"""A build that has ended: what ``%build`` returns, and what is left of one that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.commands.output.format import human_size
from dockmagic.notebook.names import image_name
from dockmagic.notebook.text import PROG, count
from dockmagic.rows import WarningRow

from .check import warnings_html
from .steps import StepsView

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from dockmagic.builder.outcome.result import Build, StepFailed
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layers
    from dockmagic.image.path import ImagePath
    from dockmagic.layer.tree import FileTree
    from dockmagic.notebook import html

__all__ = ["BuildView", "FailedBuildView"]


class BuildView(StepsView):
    """The image that was built, and its steps.

    Attributes:
        build: the whole result.
        image: that was built; `layers`, `files`, `id` and ``view / "etc/passwd"`` are its own.
    """

    def __init__(self, build: Build, outputs: Mapping[int, Sequence[str]], *, explained: bool = False) -> None:
        super().__init__(build.steps, outputs, explained=explained, text=lambda: str(build.image.id))
        self.build = build
        self.image: Image = build.image

    @property
    def id(self) -> str:
        """The image's ID."""
        return self.image.id

    @property
    def layers(self) -> Layers:
        """The image's layers, base first."""
        return self.image.layers

    @property
    def files(self) -> FileTree:
        """The image's files."""
        return self.image.files

    def __truediv__(self, path: str) -> ImagePath:
        return self.image / path

    @property
    def warnings(self) -> pd.DataFrame:
        """What is odd about the Dockerfile, with the fix."""
        from dockmagic.engine.step_rows import warning_rows
        from dockmagic.rows.frame import frame

        return frame(warning_rows(self.build.warnings), WarningRow)

    @property
    def headline(self) -> str:
        """The image in a few words."""
        image = self.image
        name = self.build.names[0].familiar if self.build.names else image_name(image)
        return f"{name}  {image.platform}  {human_size(image.size)}  {count(len(image.layers), 'layer')}"

    def _below(self) -> Iterable[str]:
        for one in self.build.warnings:
            place = f"line {one.line}: " if one.line else ""
            fix = f" ({one.fix})" if one.fix else ""
            yield f"warning: {place}{one.text}{fix}"

    def _below_html(self) -> html.Markup:
        from dockmagic.engine.step_rows import warning_rows

        return warnings_html(warning_rows(self.build.warnings))

    def state(self) -> dict[str, Any]:
        """What the page is given at the start."""
        return {
            **super().state(),
            "tally": f"{self._tally}, {self.build.seconds:.1f} s",
            "id": self.image.id,
            "warnings": [
                {"line": one.line, "rule": one.rule, "text": one.text, "fix": one.fix} for one in self.build.warnings
            ],
        }


class FailedBuildView(StepsView):
    """What is left of a build that failed: its steps as far as it came, and the state that the last of them left.

    Attributes:
        error: with the lines of the Dockerfile, the command, its exit code and its last output.
        image: what the failed step left, ``@failed``, or what it began with; None if it began with nothing.
    """

    def __init__(self, error: StepFailed, outputs: Mapping[int, Sequence[str]]) -> None:
        super().__init__(error.steps, outputs, explained=False, text=lambda: error.told(PROG))
        self.error = error
        before = [step.image for step in error.steps if step.info.number == error.step.number - 1]
        self.image: Image | None = error.state or (before[0] if before and error.step.place > 1 else None)

    @property
    def exit_code(self) -> int | None:
        """Of the program that failed; None if none was started."""
        return self.error.returned

    @property
    def headline(self) -> str:
        """The step that failed, and how."""
        code = self.error.returned
        return f"{self.error.step.title}  failed{'' if code is None else f' with exit code {code}'}"
