"""The steps of a build to look at: what the cache said of each, what it did, what its program wrote."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dockmagic.commands.output.format import human_size
from dockmagic.engine.step_rows import FOLLOWING, reason_rows, step_rows
from dockmagic.notebook import html
from dockmagic.notebook.progress.build import output_html
from dockmagic.notebook.text import count
from dockmagic.rows import ReasonRow, StepRow

from .answers import changes_page, file_text
from .changes import changes_html, counts
from .view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from dockmagic.builder.outcome.result import StepResult

__all__ = ["StepsView"]

_PATHS_PER_STEP: Final = 40
_LINES_PER_STEP: Final = 60
_WIDTH: Final = 60


class StepsView(View):
    """Steps, each of which opens on a click, with its time; without a script they open, too.

    ``view.frame()`` is the table of steps, ``view.explain()`` says why the cache had each or had it not.

    Args:
        steps: in the order of the file.
        outputs: what their programs wrote, by the steps' numbers.
        explained: tell what the cache says of each at once.
        text: see `View`.

    Attributes:
        steps: ``view.steps[3].diff`` is what one did, ``.image`` the state after it.
    """

    script: ClassVar[str] = "build.js"

    def __init__(
        self,
        steps: tuple[StepResult, ...],
        outputs: Mapping[int, Sequence[str]],
        *,
        explained: bool,
        text: Callable[[], str],
    ) -> None:

        super().__init__(step_rows(steps), row_type=StepRow, shown=StepRow.shown, text=text)
        self.steps = steps
        self._outputs = outputs
        self._explained = explained

    @property
    @abstractmethod
    def headline(self) -> str:
        """What came of the build, in a few words: a name, two spaces, more."""

    def explain(self) -> pd.DataFrame:
        """Why the cache had each step, or what differs from the nearest one that it has."""
        from dockmagic.rows.frame import frame

        return frame(tuple(reason_rows(self.steps)), ReasonRow)

    def output(self, step: int) -> str:
        """The last that the program of a step wrote; empty for a step from the cache."""
        return "\n".join(self._outputs.get(step, ()))

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
        return "\n".join([self.headline, f"  {self._tally}", *lines, *self._reasons(), *self._below()])

    def _below(self) -> Iterable[str]:
        """Further lines."""
        return ()

    def _note(self, step: StepResult) -> str:
        plain = step.why if self._explained else ""
        verdict = step.outcome if step.outcome in ("cached", "failed", "canceled") else plain
        return "  ".join(filter(None, (verdict, f"+{human_size(step.size)}" if step.diff_id else "")))

    def _reasons(self) -> Iterable[str]:
        for step in self.steps if self._explained else ():
            for part, old, new in step.changed:
                if part not in FOLLOWING:
                    yield f"     step {step.info.number}: {part}: {old or 'nothing'} → {new or 'nothing'}"

    def _repr_html_(self) -> str:
        name, _, rest = self.headline.partition("  ")
        about = f"{rest.replace('  ', ' · ')} · {self._tally}"
        head = html.div(html.bold(name), " ", html.muted(about))
        return html.join(head, *map(self._slab, self.steps), self._below_html())

    def _below_html(self) -> html.Markup:
        """More, below the steps."""
        return html.NOTHING

    def _slab(self, step: StepResult) -> html.Markup:
        cached = step.outcome == "cached"
        mark = html.muted("cached" if cached else step.why)
        size = html.text(f"+{human_size(step.size)}") if step.diff_id else ""
        title = html.code(step.info.title, title=step.info.text)
        summary = html.run(html.bold(step.info.number), html.SPACE, title, " ", size, " ", mark)
        body = html.run(
            html.facts(_facts(step)),
            _changed(step.changed),
            output_html(list(self._outputs.get(step.info.number, ()))[-_LINES_PER_STEP:]),
            *(
                (html.div(html.muted(counts(step.changes))), changes_html(step.changes, _PATHS_PER_STEP))
                if step.diff_id
                else ()
            ),
        )
        style = "border:1px solid rgba(127,127,127,.35);border-radius:6px;padding:4px 10px;margin:3px 0"
        inner = html.div(body, style="margin:4px 0 4px 1.2em")
        return html.details(summary, inner, style=style, opened=self._is_open(step))

    def _is_open(self, step: StepResult) -> bool:
        return step.outcome == "failed" or (self._explained and bool(step.changed))

    def state(self) -> dict[str, Any]:
        """What the page is given at the start."""
        return {
            "title": self.headline.partition("  ")[0],
            "about": self.headline.partition("  ")[2].replace("  ", " · "),
            "tally": self._tally,
            "id": "",
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
                    "open": self._is_open(step),
                }
                for step in self.steps
            ],
            "warnings": [],
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


def _facts(step: StepResult) -> list[tuple[str, html.Markup]]:
    return [(name, html.code(value)) for name, value in _plain_facts(step)]


def _changed(rows: Sequence[tuple[str, str, str]]) -> html.Markup:
    if not rows:
        return html.NOTHING
    return html.table(
        ([html.text(part), html.code(old), html.code(new)] for part, old, new in rows),
        header=("What changed", "It was", "It is"),
    )
