"""The saved tutorials read well where nothing runs: on GitHub, nbviewer or paper."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

TUTORIALS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def outputs(path: Path) -> list[dict[str, Any]]:
    """Every saved output with data."""
    cells = json.loads(path.read_text())["cells"]
    return [output for cell in cells for output in cell.get("outputs", []) if "data" in output]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_every_output_has_a_text_and_needs_no_script(path: Path) -> None:
    """HTML has a plain twin; no widget waits for a kernel that is not there."""
    assert outputs(path)
    for output in outputs(path):
        assert set(output["data"]) <= {"text/plain", "text/html"}
        assert "text/plain" in output["data"]
        html = "".join(output["data"].get("text/html", []))
        assert not re.search(r"<script|<link|\ssrc=|\shref=|\son\w+=|javascript:", html)


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_nothing_of_one_machine_or_moment_is_saved(path: Path) -> None:
    """No path, address of an object, or time of execution."""
    text = path.read_text()
    assert not re.search(r"/tmp/|/home/| at 0x[0-9a-f]{6}|iopub|seconds ago", text)  # noqa: S108 - looked for, not written to


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_cells_ran_in_order_and_failed_only_where_they_mean_to(path: Path) -> None:
    """As Restart & Run All leaves them."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        failed = any(output["output_type"] == "error" for output in cell["outputs"])
        assert failed is ("raises-exception" in cell["metadata"].get("tags", []))
