"""A finished build: what ``%build`` returns."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dockmagic.notebook import html
from dockmagic.notebook.building import output_html
from dockmagic.notebook.text import count
from dockmagic.notebook.words import image_name
from dockmagic.rows import ReasonRow, StepRow, WarningRow
from dockmagic.verbs.shown import human_size

from .answers import changes_page, file_text
from .changes import changes_html, counts
from .view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from dockmagic.build.result import Build, StepResult
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layers
    from dockmagic.image.path import ImagePath
    from dockmagic.store.layer.tree import FileTree

__all__ = ["BuildView"]

_PATHS_PER_STEP: Final = 40
_LINES_PER_STEP: Final = 60
_WIDTH: Final = 60
#: What follows from changes that are told elsewhere: digests of the state that a step begins with.
_OWN_WORK: Final = ("parent", "config")


class BuildView(View):
    """The image that was built, and its steps: what the cache said of each, what it did, what its program wrote.

    In a live notebook a step opens on a click, with its time; elsewhere the same steps open without a script.
    ``view.frame()`` is the table of steps, ``view.explain()`` says why the cache had each or had it not.

    Attributes:
        build: the whole result.
        image: that was built; `layers`, `files`, `id` and ``view / "etc/passwd"`` are its own.
        steps: of the build; ``view.steps[3].diff`` is what one did, ``.image`` the state after it.
    """

    script = "build.js"

    def __init__(self, build: Build, outputs: Mapping[int, Sequence[str]], *, explained: bool = False) -> None:
        from dockmagic.engine.step_rows import step_rows

        super().__init__(
            step_rows(build.steps), row_type=StepRow, shown=StepRow.shown, text=lambda: str(build.image.id)
        )
        self.build = build
        self.image: Image = build.image
        self.steps: tuple[StepResult, ...] = build.steps
        self._outputs = outputs
        self._explained = explained

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

    def explain(self) -> pd.DataFrame:
        """Why the cache had each step, or what differs from the nearest one that it has."""
        from dockmagic.engine.step_rows import reason_rows
        from dockmagic.notebook.frames import frame

        return frame(tuple(reason_rows(self.steps)), ReasonRow)

    @property
    def warnings(self) -> pd.DataFrame:
        """What is odd about the Dockerfile, with the fix."""
        from dockmagic.engine.step_rows import warning_rows
        from dockmagic.notebook.frames import frame

        return frame(warning_rows(self.build.warnings), WarningRow)

    def output(self, step: int) -> str:
        """The last that the program of a step wrote; empty for a step from the cache."""
        return "\n".join(self._outputs.get(step, ()))

    @property
    def _name(self) -> str:
        return self.build.names[0].familiar if self.build.names else image_name(self.image)

    @property
    def headline(self) -> str:
        """The image in a few words."""
        image = self.image
        return f"{self._name}  {image.platform}  {human_size(image.size)}  {count(len(image.layers), 'layer')}"

    @cached_property
    def _tally(self) -> str:
        cached = sum(1 for step in self.steps if step.outcome == "cached")
        return f"{count(len(self.steps), 'step')}, {cached} from the cache"

    def __repr__(self) -> str:
        titles = [step.info.title for step in self.steps]
        width = min(_WIDTH, max(map(len, titles), default=0))
        lines = [
            f"{step.info.number:>3}  {_clip(title, width):<{width}}  {self._note(step)}".rstrip()
            for step, title in zip(self.steps, titles, strict=True)
        ]
        return "\n".join([self.headline, f"  {self._tally}", *lines, *self._reasons(), *self._warnings()])

    def _note(self, step: StepResult) -> str:
        verdict = "cached" if step.outcome == "cached" else step.why if self._explained else ""
        return "  ".join(filter(None, (verdict, f"+{human_size(step.size)}" if step.diff_id else "")))

    def _reasons(self) -> Iterable[str]:
        for step in self.steps if self._explained else ():
            for part, old, new in step.changed:
                if part not in _OWN_WORK:
                    yield f"     step {step.info.number}: {part}: {old or 'nothing'} → {new or 'nothing'}"

    def _warnings(self) -> Iterable[str]:
        for one in self.build.warnings:
            place = f"line {one.line}: " if one.line else ""
            fix = f" ({one.fix})" if one.fix else ""
            yield f"warning: {place}{one.text}{fix}"

    def _repr_html_(self) -> str:
        name, _, rest = self.headline.partition("  ")
        about = f"{rest.replace('  ', ' · ')} · {self._tally}"
        head = f"<div><b>{html.text(name)}</b> {html.muted(about)}</div>"
        return html.join(head, *map(self._slab, self.steps), self._warnings_html())

    def _warnings_html(self) -> str:
        found = self.build.warnings
        if not found:
            return ""
        rows = ((str(one.line or ""), html.code(one.rule), html.text(one.text), html.text(one.fix)) for one in found)
        table = html.table(rows, header=("Line", "Rule", "What", "Fix"), numbers=(0,))
        return html.details(f"<b>{count(len(found), 'warning')}</b>", table, opened=True)

    def _slab(self, step: StepResult) -> str:
        cached = step.outcome == "cached"
        mark = html.muted("cached" if cached else step.why)
        size = html.text(f"+{human_size(step.size)}") if step.diff_id else ""
        summary = f"<b>{step.info.number}</b> &nbsp;{html.code(step.info.title, title=step.info.text)} {size} {mark}"
        body = "".join(
            (
                html.facts(_facts(step)),
                _changed(step.changed),
                output_html(list(self._outputs.get(step.info.number, ()))[-_LINES_PER_STEP:]),
                f"<div>{html.muted(counts(step.changes))}</div>{changes_html(step.changes, _PATHS_PER_STEP)}"
                if step.diff_id
                else "",
            )
        )
        style = "border:1px solid rgba(127,127,127,.35);border-radius:6px;padding:4px 10px;margin:3px 0"
        inner = f'<div style="margin:4px 0 4px 1.2em">{body}</div>'
        return html.details(summary, inner, style=style, opened=self._explained and bool(step.changed))

    def state(self) -> dict[str, Any]:
        """What the page is given at the start."""
        return {
            "title": self._name,
            "about": self.headline.partition("  ")[2].replace("  ", " · "),
            "tally": f"{self._tally}, {self.build.seconds:.1f} s",
            "id": self.image.id,
            "steps": [
                {
                    "number": step.info.number,
                    "title": step.info.title,
                    "outcome": step.outcome,
                    "why": step.why,
                    "seconds": step.seconds,
                    "size": step.size if step.diff_id else None,
                    "facts": [list(fact) for fact in _plain_facts(step)],
                    "changed": [list(row) for row in step.changed],
                    "output": list(self._outputs.get(step.info.number, ())),
                }
                for step in self.steps
            ],
            "warnings": [
                {"line": one.line, "rule": one.rule, "text": one.text, "fix": one.fix} for one in self.build.warnings
            ],
            "explained": self._explained,
        }

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """``changes`` of a step that fit a filter, or the ``text`` of one path that it changed."""
        step = next(one for one in self.steps if one.info.number == int(question["step"]))
        if question["ask"] == "text" and step.diff is not None:
            return file_text(step.diff, str(question["path"]))
        return changes_page(step.changes, filter=str(question.get("filter", "")), start=int(question.get("start", 0)))


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _plain_facts(step: StepResult) -> list[tuple[str, str]]:
    facts = [("Line", str(step.info.lines[0]))] if step.info.lines[0] else []
    if step.image is not None:
        facts.append(("Image ID", step.image.id))
    if step.diff_id:
        facts.append(("DiffID", step.diff_id))
    return facts


def _facts(step: StepResult) -> list[tuple[str, str]]:
    return [(name, html.code(value)) for name, value in _plain_facts(step)]


def _changed(rows: Sequence[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    return html.table(
        ([html.text(part), html.code(old), html.code(new)] for part, old, new in rows),
        header=("What changed", "It was", "It is"),
    )
