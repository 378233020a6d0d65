"""The formats of bills of materials, and which module writes each."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidInput, NotSupported

from .subject import SbomSubject

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORMATS", "SbomSubject", "write_sbom"]

#: Name, as ``docker sbom`` and syft have it → the module that writes it.
FORMATS: Final = {"cyclonedx-json": "cyclonedx", "spdx-json": "spdx"}


def write_sbom(subject: SbomSubject, form: str) -> str:
    """The document as text, with a line end at the end.

    Args:
        subject: what it is of.
        form: one of `FORMATS`.

    Raises:
        InvalidInput: there is no such format.
        NotSupported: its library is not installed.
    """
    if form not in FORMATS:
        raise InvalidInput(f"{form} is no format of a bill of materials", hint=f"Formats: {', '.join(FORMATS)}")
    try:
        module = import_module(f".{FORMATS[form]}", __package__)
    except ModuleNotFoundError as error:
        raise NotSupported(
            f"{form} needs the Python package {(error.name or '').partition('.')[0]}",
            hint="Install both formats: pip install 'dockmagic[sbom]'",
        ) from error
    write: Callable[[SbomSubject], str] = module.write
    return write(subject).rstrip("\n") + "\n"
