"""A step that fails, told with its place in the Dockerfile and the last that its program said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockerfileError

from .excerpt import excerpt
from .result import StepFailed

if TYPE_CHECKING:
    from dockmagic.dockerfile import Dockerfile, Instruction
    from dockmagic.oci.errors import DockmagicError, OutOfSpace

    from .events import StepInfo

__all__ = ["Tail", "refused", "returned"]

_LINES = 20
_BYTES = 64 << 10


class Tail:
    """The last lines of an output."""

    def __init__(self) -> None:
        self._data = b""

    def add(self, data: bytes) -> None:
        """More output."""
        self._data = (self._data + data)[-_BYTES:]

    def __str__(self) -> str:
        lines = self._data.decode(errors="replace").replace("\r\n", "\n").splitlines()
        return "\n".join(lines[-_LINES:])


def _placed(instruction: Instruction, step: StepInfo, message: str, word: str = "") -> DockerfileError:
    """What is said of a step, with its place: that of the FROM, if the base brings it (ONBUILD)."""
    whose = "" if step.lines[0] else f"the base's {step.text}: "
    return instruction.error(f"{whose}{message}", word=word)


def returned(
    dockerfile: Dockerfile,
    instruction: Instruction,
    step: StepInfo,
    argv: tuple[str, ...],
    *,
    code: int,
    output: Tail,
    full: OutOfSpace | None = None,
) -> StepFailed:
    """The error of a RUN whose program ended with another code than 0; `full` if what it left could not be kept."""
    import shlex

    shown = " ".join(argv).rstrip("\n").replace("\n", r"\n")  # a heredoc, in one line
    command = argv[-1] if len(argv) == 3 and argv[1] == "-c" else shlex.join(argv)
    why = " (it was killed: out of memory?)" if code == 137 else ""
    told = _placed(
        instruction,
        step,
        f'process "{shown}" did not complete successfully: '
        f"exit code: {code}{why}{f'; {full.message}, so what it left is not kept' if full else ''}",
    )
    return StepFailed(
        told.message,
        hint=full.hint if full else "Look into the state that it left: `run -it @failed`",
        step=step,
        command=command,
        returned=code,
        output=str(output),
        excerpt=excerpt(dockerfile.source, instruction.lines, first_line=dockerfile.first_line),
    )


def refused(dockerfile: Dockerfile, instruction: Instruction, step: StepInfo, error: DockmagicError) -> DockmagicError:
    """The error of a step that could not be done, with its place; one that has a place already stays as it is."""
    if isinstance(error, StepFailed | DockerfileError) and getattr(error, "lines", (1, 1))[0]:
        return error
    told = _placed(instruction, step, error.message, error.word)
    failed = StepFailed(
        told.message,
        hint=error.hint,
        step=step,
        excerpt=excerpt(dockerfile.source, told.lines, first_line=dockerfile.first_line),
    )
    failed.__cause__ = error
    return failed
