"""Conditions on two images, as ``diff --fail-if`` takes them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dockmagic.engine.image_conditions import Condition
from dockmagic.oci.errors import InvalidInput


def _image(size: int, *, wasted: int = 0, layers: int = 1) -> Any:
    return SimpleNamespace(
        size=size, compressed_size=size // 2, layers=range(layers), files=range(size // 1_000_000), packages=(),
        waste=(SimpleNamespace(size=wasted),), efficiency=1 - wasted / size if size else 1.0,
    )  # fmt: skip


OLD, NEW = _image(100_000_000), _image(112_000_000, wasted=12_000_000, layers=2)


@pytest.mark.parametrize(
    ("text", "holds", "told"),
    [
        ("size>+10MB", True, "size is +12MB"),
        ("size > +12MB", False, "size is +12MB"),
        ("size>=+12MB", True, "size is +12MB"),
        ("size>+10MiB", True, "size is +12MB"),
        ("size>+10%", True, "size is +12.0 %"),
        ("size<-5%", False, "size is +12.0 %"),
        ("size>110MB", True, "size is 112MB"),
        ("compressed<50MB", False, "compressed is 56MB"),
        ("waste>5MB", True, "waste is 12MB"),
        ("efficiency<0.9", True, "efficiency is 0.893"),
        ("efficiency<-0.2", False, "efficiency is -0.107"),
        ("layers>+0", True, "layers is +1"),
        ("files<=+12", True, "files is +12"),
        ("packages>0", False, "packages is 0"),
    ],
)
def test_a_condition_is_one_of_the_new_image_or_of_the_difference(text: str, holds: bool, told: str) -> None:  # noqa: FBT001
    """A sign asks for the difference; sizes are those that tables show."""
    condition = Condition.parse(text)
    assert condition.holds(OLD, NEW) is holds
    assert condition.told(OLD, NEW) == told


def test_growth_from_nothing_is_more_than_any_percent() -> None:
    """And nothing from nothing is no growth."""
    nothing = _image(0)
    assert Condition.parse("size>+1000%").holds(nothing, NEW)
    assert not Condition.parse("size>+0%").holds(nothing, nothing)
    assert Condition.parse("size<-10MB").told(NEW, OLD) == "size is -12MB"


@pytest.mark.parametrize(
    "text", ["", "size", "size=1", "height>3", "size>", "size>+", "size>10%", "size>+x", "size>>1"]
)
def test_what_is_no_condition_is_refused_with_the_form(text: str) -> None:
    """One line with an example."""
    with pytest.raises(InvalidInput, match="is no condition"):
        Condition.parse(text)


@pytest.mark.parametrize(("text", "message"), [("size>10apples", "is no size"), ("layers>1kB", "is no number")])
def test_a_limit_of_another_kind_is_refused(text: str, message: str) -> None:
    """Sizes are for bytes."""
    with pytest.raises(InvalidInput, match=message):
        Condition.parse(text)
