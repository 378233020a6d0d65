"""docs/architecture.md: what it names is there, and every package is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dockmagic

PACKAGE = Path(dockmagic.__file__).parent
PAGE = (PACKAGE.parent / "docs" / "architecture.md").read_text()
#: Paths of the package in code spans: a file of ours, or a folder.
PATHS = sorted(set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:/|\.py|/[a-z_]+\.json))`", PAGE)))
PACKAGES = sorted(f"{path.parent.relative_to(PACKAGE)}/" for path in PACKAGE.glob("*/**/__init__.py"))


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_the_page_names_exists(path: str) -> None:
    """A file that was moved or renamed is renamed on the page."""
    assert (PACKAGE / path).exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_the_page_names_every_package(package: str) -> None:
    """With its subject, in one of its tables."""
    assert f"`{package}`" in PAGE
