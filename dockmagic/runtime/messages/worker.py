"""What a worker is asked, and what it answers."""

from __future__ import annotations

from typing import Any

from .message import Message

__all__ = ["WorkerAnswer", "WorkerRequest"]


class WorkerRequest(Message):
    """Do a task; the files that it reads or writes come beside it.

    Attributes:
        task: name of a task in `dockmagic.runtime.worker.main`.
        isolation: whose ids the files have, as `Isolation.record` gives it.
        arguments: of the task.
    """

    task: str
    isolation: dict[str, Any]
    arguments: dict[str, Any]


class WorkerAnswer(Message):
    """What came of a task.

    Attributes:
        result: of the task; None if it failed.
        error: why it failed, as `dockmagic.oci.error_codec` writes it; None if it did not.
    """

    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
