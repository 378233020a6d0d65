"""What a running build tells: a stream of small structs that a terminal and a cell render alike."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = [
    "BuildEvent",
    "BuildStarted",
    "BuildWarned",
    "Exported",
    "StepDone",
    "StepInfo",
    "StepOutput",
    "StepProgress",
    "StepStarted",
    "ignore_events",
]

#: How a step ended. ``skipped``: it was never begun, since another one failed.
Outcome = Literal["done", "cached", "failed", "canceled", "skipped"]


class StepInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the plan: something that has a line of its own in the progress.

    Attributes:
        number: 1, 2, … over all stages that are built, in the order of the file; ``@3`` means its result.
        stage: name of its stage (``stage-1`` without one); empty where the file has one stage without a name.
        place: its number in the stage, from 1 (the FROM).
        of: steps of the stage.
        instruction: its word in capitals, such as ``RUN``.
        text: the instruction as written, on one line.
        lines: first and last line in the Dockerfile; (0, 0) for a trigger of the base image (ONBUILD).
    """

    number: int
    stage: str
    place: int
    of: int
    instruction: str
    text: str
    lines: tuple[int, int] = (0, 0)

    @property
    def title(self) -> str:
        """As BuildKit shows it: ``[build 2/5] RUN make``."""
        where = f"{self.stage} " if self.stage else ""
        return f"[{where}{self.place}/{self.of}] {self.text}"


class BuildStarted(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The plan is made.

    Attributes:
        steps: all that may run; triggers of a base image (ONBUILD) are not known yet and come with `StepStarted` alone.
        context: what the context is, as written.
    """

    steps: tuple[StepInfo, ...]
    context: str = ""


class StepStarted(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A step begins; steps of several stages may be under way at once.

    Attributes:
        step: which one.
        at: seconds since the epoch.
    """

    step: StepInfo
    at: float


class StepOutput(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Output of a step's program, as it comes; the values of secrets are replaced by ``***``.

    Attributes:
        number: of the step.
        stream: 1 or 2.
        data: bytes as they were written (base64 in JSON).
    """

    number: int
    stream: int
    data: bytes


class StepProgress(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """How far a transfer of a step is: a base image that is pulled, a URL that is fetched, layers that are unpacked.

    Attributes:
        number: of the step.
        what: the blob's short digest, or the file's name.
        status: docker's word, such as ``Downloading``.
        done: bytes so far.
        total: bytes in all; 0 if it is not known.
    """

    number: int
    what: str
    status: str
    done: int = 0
    total: int = 0


class StepDone(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A step has ended.

    Attributes:
        number: of the step.
        outcome: how.
        seconds: that it took.
        why: one line: what the cache says (``cached``, ``changed: app.py``, …), or the failure.
        size: bytes of the files of its layer; None if it made none.
    """

    number: int
    outcome: Outcome
    seconds: float = 0.0
    why: str = ""
    size: int | None = None


class BuildWarned(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Something is odd, and the build goes on.

    Attributes:
        text: one line.
        line: of the Dockerfile; 0 if it is about none.
        rule: of the lint that says so; empty if none does.
        fix: what to write instead.
        url: where the rule is explained.
    """

    text: str
    line: int = 0
    rule: str = ""
    fix: str = ""
    url: str = ""


class Exported(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The result has been written or named.

    Attributes:
        what: ``image``, or the type of the output: ``local``, ``tar``, ``oci``, ``docker``.
        where: name of the image, or path.
        image_id: of the image.
    """

    what: str
    where: str
    image_id: str


BuildEvent = BuildStarted | StepStarted | StepOutput | StepProgress | StepDone | BuildWarned | Exported


def ignore_events(event: BuildEvent) -> None:
    """For those who do not want to hear."""
