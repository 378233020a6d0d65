"""The tests themselves: all are run, and those that start programs of their own are known as slow."""

from __future__ import annotations

import fnmatch
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def test_no_folder_of_tests_is_passed_over(request: pytest.FixtureRequest) -> None:
    """By default pytest takes a folder with the name ``build`` for something that was built."""
    globs = request.config.getini("norecursedirs")
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    assert len(folders) > 10
    parts = {part for folder in folders for part in folder.parts}
    assert [part for part in parts if any(fnmatch.fnmatch(part, glob) for glob in globs)] == []


@pytest.mark.slow
def test_skipped_tests_are_counted_by_their_reasons_before_the_closing_line(tmp_path: Path) -> None:
    """Each reason with the number of tests and their files; the last line is pytest's own."""
    (tmp_path / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    (tmp_path / "test_one.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('n', range(3))\n"
        "def test_a(n): pytest.skip('needs a fish')\n"
        "@pytest.mark.skip(reason='needs a bird')\n"
        "def test_b(): pass\n"
        "def test_c(): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    *_, heading, fish, bird, closing = done.stdout.splitlines()
    assert "4 skipped, by reason" in heading
    assert (fish, bird) == ("    3  needs a fish  (test_one 3)", "    1  needs a bird  (test_one 1)")
    assert closing.startswith("1 passed, 4 skipped in ")
