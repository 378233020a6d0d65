"""What a magic shows besides its value, and asks of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dockmagic.notebook.progress.build import BuildDisplay
    from dockmagic.oci.errors import DockmagicError


__all__ = ["ask", "show", "with_result"]


def with_result(error: DockmagicError, following: BuildDisplay) -> DockmagicError:
    """A build's failure with its `StepFailed.result`: what there is to go on with; another error as it is."""
    from dockmagic.builder.outcome.result import StepFailed

    if isinstance(error, StepFailed):
        from dockmagic.notebook.views.build import FailedBuildView

        return error.revised(result=FailedBuildView(error, following.outputs))
    return error


def show(value: Any) -> None:
    """Display a value that is not the last one of its cell."""
    from IPython.display import display

    display(value)  # type: ignore[no-untyped-call]  # IPython has no types here


def ask(prompt: str, *, secret: bool) -> str:
    """Ask the user for a line.

    Raises:
        EOFError: the front end takes no input.
    """
    from getpass import getpass

    from IPython.core.error import StdinNotImplementedError

    try:
        return getpass(prompt) if secret else input(prompt)
    except StdinNotImplementedError:
        raise EOFError(prompt) from None
