"""Images made on the spot and a registry that stands in for docker.io, so that everything works offline.

A stand-in never enters the user's own store: samples have a home of their own, `samples_home`, and `samples_registry`
serves them::

    home = samples_home(Home())
    with samples_registry(home) as registry:
        configuration = RegistryConfiguration.offline({"docker.io": registry.host})
"""

from __future__ import annotations

from .registry import samples_home, samples_registry

__all__ = ["samples_home", "samples_registry"]
