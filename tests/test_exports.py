"""What each module offers: said in a sorted `__all__`, and true."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dockmagic

MODULES = sorted(info.name for info in pkgutil.walk_packages(dockmagic.__path__, "dockmagic."))
NAMES = ["dockmagic", *(name for name in MODULES if not name.endswith("__main__"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_module_says_what_it_offers(name: str) -> None:
    """A module lists its public names, constants first, then classes, then functions; none that is not there."""
    module = importlib.import_module(name)
    assert module.__doc__, "needs a docstring"
    defined = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", None) == name
    }
    offered = getattr(module, "__all__", ())
    assert list(offered) == sorted(set(offered), key=lambda key: (not key.isupper(), not key[0].isupper(), key))
    assert all(hasattr(module, key) for key in offered)
    assert defined <= set(offered)


@pytest.mark.parametrize("name", dockmagic.__all__)
def test_the_package_offers_its_domain(name: str) -> None:
    """Every exported name is real, documented and appears in `dir`."""
    value = getattr(dockmagic, name)
    assert name in dir(dockmagic)
    assert isinstance(value, str) or inspect.getdoc(value)


def test_every_error_is_exported() -> None:
    """What a method documents as raised can be caught by a name of the package."""
    errors = importlib.import_module("dockmagic.oci.errors")
    tree = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.DockmagicError)
    }
    further = {"CannotStart", "CommandFailed", "ContainerNotFound", "StepFailed", "TimeExceeded"}
    # A bug of ours is nothing that code should handle.
    assert (tree - {"InternalError"}) | further <= set(dockmagic.__all__)


def test_names_of_the_first_api_are_still_there() -> None:
    """What people import goes on working."""
    first = """Build CannotStart Conflict Container Diff DockerfileError DockmagicError Engine Image ImageNotFound
        InvalidContent InvalidInput Layer NotFound NotSupported OutOfSpace Reference RegistryError Session StepFailed
        StoreError Volume"""
    types = "AmbiguousName Completed ContainerPath ImagePath Layers Platform Rows"
    assert {*first.split(), *types.split()} <= set(dockmagic.__all__)


def test_type_checkers_see_the_same_names() -> None:
    """The stub beside the package, which editors read, offers what the package offers, from the same places."""
    stub = Path(dockmagic.__file__).with_suffix(".pyi").read_text()
    seen = {name: module for module, name in re.findall(r"^from \.([\w.]+) import \w+ as (\w+)", stub, re.MULTILINE)}
    assert seen == dockmagic._EXPORTS


def test_unknown_names_are_refused_as_python_does() -> None:
    """The lazy exports hide no slip of the pen."""
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = dockmagic.no_such_name


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`import dockmagic` and the command's table of verbs bring in no pandas, IPython, HTTP client or widgets."""
    heavy = ["IPython", "anywidget", "ipywidgets", "matplotlib", "pandas", "urllib3"]
    code = f"import dockmagic, dockmagic.cli, sys; print(*(name for name in {heavy} if name in sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == []


def test_functions_are_called_after_every_module_was_imported() -> None:
    """No package has the name of an exported function: importing it would put the package in the function's place."""
    for name in MODULES:
        if not name.endswith("__main__"):
            importlib.import_module(name)
    for name in ("build", "open", "pull", "run"):
        assert inspect.isfunction(getattr(dockmagic, name))
