"""Names of the last release go on working for this one, and say what they are called now."""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import TYPE_CHECKING

import pytest

from dockmagic.engine import Engine
from dockmagic.moved import MODULES, NAMES
from dockmagic.registry.registries import Registries
from dockmagic.registry.transport.retry import RetryPolicy

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("old", MODULES)
def test_a_moved_module_is_imported_from_its_old_place(old: str) -> None:
    """With all of its names, and a warning that points at who imports it."""
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=f"{old} is {MODULES[old]} now") as told:
        module = importlib.import_module(old)
    assert told[0].filename == importlib.__file__
    now = importlib.import_module(MODULES[old])
    assert all(getattr(module, name) is getattr(now, name) for name in now.__all__)
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        module.nothing_of_the_kind  # noqa: B018


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in NAMES.items() for name in names])
def test_a_renamed_class_is_found_by_its_old_name(module: str, name: str) -> None:
    """In the module that it was in, if that is still there, else by way of the module's old place."""
    place, new = NAMES[module][name]
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        found = importlib.import_module(next((old for old, now in MODULES.items() if now == module), module))
    with pytest.warns(DeprecationWarning, match=f"{name} is {place}.{new} now"):
        assert getattr(found, name) is getattr(importlib.import_module(place), new)


def test_renamed_keywords_and_methods_are_taken(tmp_path: Path) -> None:
    """`Registries` and `Images`."""
    with pytest.warns(DeprecationWarning, match="retry_policy"):
        Registries(patience=RetryPolicy())
    images = Engine(tmp_path).images
    for old, new in (("obtain", "ensure"), ("rows_with_shares", "usage"), ("to_save", "select_for_save")):
        with pytest.warns(DeprecationWarning, match=f"Images.{old} is Images.{new} now"):
            assert getattr(images, old) == getattr(images, new)
    with pytest.raises(AttributeError, match="no attribute 'obtian'"):
        images.obtian  # noqa: B018
