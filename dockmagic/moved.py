"""Where names of the last release are now. They go on working for one release, with a `DeprecationWarning`.

`MODULES` and `NAMES` are all that there is to know; the rest makes them importable. `dockmagic` asks here only for what
no other finder of modules knows, so a program that uses no old name pays nothing.
"""

from __future__ import annotations

import importlib
import warnings
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.abc import Loader
    from types import ModuleType

__all__ = ["MODULES", "NAMES", "old_names", "spec_of", "warn"]

#: Modules, by their old place.
MODULES: Final[Mapping[str, str]] = {
    "dockmagic.engine.completed": "dockmagic.runtime.completed",
    "dockmagic.image.transfer.nearest": "dockmagic.image.transfer.local_first",
    "dockmagic.layer.place": "dockmagic.layer.root_dir",
    "dockmagic.layer.table": "dockmagic.layer.toc",
    "dockmagic.registry.authfile": "dockmagic.registry.auth.authfile",
    "dockmagic.registry.blob": "dockmagic.registry.transfer.blob",
    "dockmagic.registry.certificates": "dockmagic.registry.configuration.certificates",
    "dockmagic.registry.challenge": "dockmagic.registry.auth.challenge",
    "dockmagic.registry.conf": "dockmagic.registry.configuration.registries_conf",
    "dockmagic.registry.credentials": "dockmagic.registry.auth.credentials",
    "dockmagic.registry.endpoint": "dockmagic.registry.transport.endpoint",
    "dockmagic.registry.manifests": "dockmagic.registry.transfer.manifests",
    "dockmagic.registry.patience": "dockmagic.registry.transport.retry",
    "dockmagic.registry.proxies": "dockmagic.registry.transport.proxies",
    "dockmagic.registry.ratelimit": "dockmagic.registry.client.rate_limit",
    "dockmagic.registry.upload": "dockmagic.registry.transfer.upload",
    "dockmagic.registry.url": "dockmagic.registry.transport.url",
}

#: Names, by the module in which they were looked for (where that is, or its module is, now): module and name.
NAMES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "dockmagic.image.path": {
        "IsDirectory": ("dockmagic.image.path_errors", "IsDirectory"),
        "MissingPath": ("dockmagic.image.path_errors", "MissingPath"),
        "NotDirectory": ("dockmagic.image.path_errors", "NotDirectory"),
    },
    "dockmagic.image.transfer.local_first": {"Nearest": ("dockmagic.image.transfer.local_first", "LocalFirstSource")},
    "dockmagic.layer.root_dir": {"Place": ("dockmagic.layer.root_dir", "RootDir")},
    "dockmagic.layer.toc": {"LayerTable": ("dockmagic.layer.toc", "LayerTOC")},
    "dockmagic.oci.spec": {"Healthcheck": ("dockmagic.oci.spec", "HealthcheckConfig")},
    "dockmagic.registry.configuration": {
        "RegistryConfiguration": ("dockmagic.registry.configuration.configuration", "RegistryConfiguration")
    },
    "dockmagic.registry.configuration.registries_conf": {
        "Rule": ("dockmagic.registry.configuration.registries_conf", "RegistryRule")
    },
    "dockmagic.registry.server": {"Limits": ("dockmagic.registry.server.limits", "ServerLimits")},
    "dockmagic.registry.transfer.upload": {"Upload": ("dockmagic.registry.transfer.upload", "BlobUpload")},
    "dockmagic.registry.transport.retry": {"Patience": ("dockmagic.registry.transport.retry", "RetryPolicy")},
}


def warn(old: str, new: str, *, stacklevel: int = 3) -> None:
    """Tell the caller's caller that a name has changed."""
    warnings.warn(f"{old} is {new} now, and goes in the next release", DeprecationWarning, stacklevel=stacklevel)


def old_names(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` (PEP 562) of a module some of whose names have changed."""
    return lambda name: _old_name(module, name, stacklevel=4)


def _old_name(module: str, name: str, *, stacklevel: int) -> Any:
    if name not in NAMES.get(module, ()):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    place, new = NAMES[module][name]
    warn(f"{module}.{name}", f"{place}.{new}", stacklevel=stacklevel)
    return getattr(importlib.import_module(place), new)


class _OldModule:
    """Loads a module under its old name: whatever is asked of it comes from where it is now."""

    def __init__(self, place: str) -> None:
        self._place = place

    def create_module(self, _spec: ModuleSpec) -> None:
        """The default one."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill it."""
        warn(module.__name__, self._place, stacklevel=3)  # importlib's own frames are not counted
        now = importlib.import_module(self._place)

        def get(name: str) -> Any:
            return vars(now)[name] if name in vars(now) else _old_name(self._place, name, stacklevel=4)

        vars(module).update(__doc__=now.__doc__, __getattr__=get)


def spec_of(name: str) -> ModuleSpec | None:
    """How to import the module that was called `name`; None if none was."""
    return ModuleSpec(name, cast("Loader", _OldModule(MODULES[name]))) if name in MODULES else None
