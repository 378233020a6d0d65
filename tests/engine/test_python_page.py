"""docs/python.md is executed, and its outputs are compared."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.machine.tiers import choose
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = Path(__file__).parents[2] / "docs/python.md"


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with the samples; the page runs containers in it."""
    folder = tmp_path_factory.mktemp("page")
    monkeypatch.setenv("DOCKMAGIC_HOME", str(folder))
    monkeypatch.setenv("DOCKMAGIC_SAMPLES", "1")
    home = Home(folder)
    home.prepare()
    try:
        tier = choose(home).tier
    except NotSupported as error:
        pytest.skip(str(error))
    if tier == "proot":
        pytest.skip("no tier that can commit works here")
    yield folder
    from dockmagic.runtime.purge import forget_home

    forget_home(folder / "samples")


@pytest.mark.slow
def test_the_page_says_what_happens(home: Path) -> None:
    """Every example in one session, in the page's order."""
    text = _PAGE.read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, _PAGE.name, str(_PAGE), 0)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    failed = runner.run(examples, out=report.append).failed
    assert not failed, "".join(report)
