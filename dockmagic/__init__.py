"""dockmagic: the container-image engine that lives in a notebook.

In a notebook, ``%load_ext dockmagic`` brings ``%docker`` and its short forms. In Python there is a function for each of
the usual things, and `Engine` for everything::

    import dockmagic as dm

    image = dm.pull("ubuntu:24.04")
    print((image / "etc/os-release").read_text())
    print(dm.run("ubuntu:24.04", "uname -a").text)

Names are imported when they are first used, so that loading the extension costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from IPython.core.interactiveshell import InteractiveShell


_EXPORTS = {
    "AmbiguousName": "oci.errors",
    "Artifact": "image.artifacts.reading",
    "BlobNotFound": "oci.errors",
    "Build": "builder.outcome.result",
    "CannotStart": "runtime.cannot_start",
    "CommandFailed": "runtime.completed",
    "Completed": "runtime.completed",
    "ConditionMet": "oci.errors",
    "Conflict": "oci.errors",
    "Container": "runtime.container",
    "ContainerNotFound": "runtime.listing",
    "ContainerPath": "runtime.path",
    "Copied": "image.transports.copy",
    "CredentialError": "oci.errors",
    "Denied": "oci.errors",
    "Diff": "image.analysis",
    "Digest": "oci.digest",
    "DigestMismatch": "oci.errors",
    "DockerfileError": "oci.errors",
    "DockmagicError": "oci.errors",
    "Engine": "engine",
    "Image": "image.image",
    "ImageNotFound": "oci.errors",
    "ImagePath": "image.path",
    "InvalidArchive": "oci.errors",
    "InvalidContent": "oci.errors",
    "InvalidDigest": "oci.errors",
    "InvalidDocument": "oci.errors",
    "InvalidInput": "oci.errors",
    "InvalidLayer": "oci.errors",
    "InvalidPlatform": "oci.errors",
    "InvalidReference": "oci.errors",
    "Job": "engine.job",
    "JobCancelled": "engine.job",
    "Layer": "image.layer",
    "LayerTooLarge": "oci.errors",
    "Layers": "image.layer",
    "NotFound": "oci.errors",
    "NotSupported": "oci.errors",
    "OutOfRange": "oci.errors",
    "OutOfSpace": "oci.errors",
    "PathNotFound": "oci.errors",
    "Platform": "oci.platforms",
    "PlatformNotFound": "oci.errors",
    "Pushed": "image.actions",
    "RateLimited": "oci.errors",
    "Reference": "oci.reference",
    "RegistryBlocked": "oci.errors",
    "RegistryError": "oci.errors",
    "RegistryUnavailable": "oci.errors",
    "Removal": "image.actions",
    "Rows": "rows.table",
    "Session": "runtime.session",
    "SizeMismatch": "oci.errors",
    "StepFailed": "builder.outcome.result",
    "StoreError": "oci.errors",
    "StoreTooNew": "oci.errors",
    "TimeExceeded": "runtime.completed",
    "Unauthorized": "oci.errors",
    "UnsafeEntry": "oci.errors",
    "UnsupportedMediaType": "oci.errors",
    "Volume": "runtime.disk.volumes",
    "build": "engine.oneshots",
    "current_engine": "notebook.extension",
    "open": "engine.oneshots",
    "pull": "engine.oneshots",
    "run": "engine.oneshots",
    "submit": "engine.job",
}

__all__ = [  # noqa: PLE0604  (classes come from one table, and are sorted there)
    *(name for name in _EXPORTS if name[0].isupper()),
    "__version__",
    "build",
    "current_engine",
    "load_ipython_extension",
    "open",
    "pull",
    "run",
    "submit",
    "unload_ipython_extension",
]


class _MovedModules:
    """A finder (PEP 451), asked last of all: modules of this package that have moved since the last release."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """How to import it."""
        if not name.startswith(f"{__name__}."):
            return None
        from .moved import spec_of

        return spec_of(name)


sys.meta_path.append(_MovedModules)


def __getattr__(name: str) -> Any:
    """Import an exported name when it is first asked for (PEP 562)."""
    if name not in _EXPORTS:
        from .docker_py import ATTRIBUTES

        advice = ATTRIBUTES[__name__].get(name)
        what = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(f"{what}: {advice}" if advice else what)
    value = getattr(importlib.import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Install the magics: what ``%load_ext dockmagic`` calls."""
    from .notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take everything out again: what ``%unload_ext dockmagic`` calls."""
    from .notebook.extension import unload

    unload(shell)
