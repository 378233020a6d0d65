"""The saved tutorials read well where nothing runs: on GitHub, nbviewer or paper."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dockmagic.commands.cmdline.table import ALIASES, VERBS

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
        assert set(output["data"]) <= {"text/plain", "text/html", "image/png"}
        if "image/png" in output["data"]:
            assert output["metadata"]["image/png"]["alt"]
            assert len(output["data"]["image/png"]) <= 80_000 * 4 / 3  # in base64
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


#: Verbs that no tutorial runs, and why not.
NOT_SHOWN = {
    "help": "every verb's own --help is what a notebook asks for, and %docker VERB? is that",
    "login": "it asks for a password, and leaves one in the reader's own configuration",
    "logout": "as login",
}


def commands() -> str:
    """Everything that is run in the tutorials by a magic, one command a line."""
    cells = (cell for path in TUTORIALS for cell in json.loads(path.read_text())["cells"])
    found = []
    for source in ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"):
        script = source.startswith("%%docker\n")
        found += [line for line in source.splitlines() if script or re.match(r"(?:\w+ = )?%", line)]
    return "\n".join(re.sub(r"^(?:\w+ = )?%{1,2}(?:docker +)?", "", line) for line in found)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in NOT_SHOWN])
def test_every_verb_appears_in_a_tutorial(verb: str) -> None:
    """By its own name or an alias."""
    if verb.startswith("build") and not any(path.name.startswith("04-") for path in TUTORIALS):
        pytest.skip("the tutorial on builds is not there")
    names = [verb, *(alias for alias, target in ALIASES.items() if target == verb)]
    assert re.search(rf"^(?:{'|'.join(map(re.escape, names))})(?![\w-])", commands(), re.MULTILINE)
