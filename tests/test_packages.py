"""The order of the packages, and of the files inside them, held by import-linter's contracts in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import dockmagic

ROOT = Path(__file__).parent.parent


def contract() -> list[str]:
    """The modules of the contract of layers, highest first, of one height side by side."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (order,) = (one for one in document["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    heights = [height.replace("(", "").replace(")", "") for height in order["layers"]]
    return [name.strip() for height in heights for name in height.split("|")]


def test_imports_run_one_way_between_packages_and_inside_them() -> None:
    """The contracts are kept by every import of the package, lazy ones and those for types included."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_package_has_its_place_in_the_order() -> None:
    """A new folder or module at the top of the package is forgotten by nobody."""
    package = Path(dockmagic.__file__).parent
    packages = {
        f"dockmagic.{path.stem}"
        for path in package.iterdir()
        if path.name != "__init__.py" and (path.suffix == ".py" or (path / "__init__.py").is_file())
    }
    assert packages <= set(contract())
