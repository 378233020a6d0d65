# ruff: noqa: INP001 - pytest finds it by its place
"""The notebooks as tests (``pytest --nbval``): what differs from machine to machine is not compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Let nbval use ``sanitize.cfg`` unless it was given another file."""
    if hasattr(config.option, "nbval_sanitize_with") and not config.option.nbval_sanitize_with:
        config.option.nbval_sanitize_with = str(Path(__file__).with_name("sanitize.cfg"))
