"""Settings for apt where there is one user only, by a layer of their own below those of the image.

A layer and not a mount: ``rm -rf /etc/apt`` must be able to remove them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.runtime.init.rootfs import APT_SETTINGS

from .ca_certificates import own_layer

if TYPE_CHECKING:
    from dockmagic.runtime.machine.isolation import Isolation
    from dockmagic.store.content import ContentStore

__all__ = ["with_apt_settings"]

_FOLDER: Final = "etc/apt/apt.conf.d"


def with_apt_settings(store: ContentStore, isolation: Isolation, unpacked: list[str]) -> list[str]:
    """The layers of a container in which apt works, if it has apt.

    Args:
        store: where the image is.
        isolation: who the layers are for.
        unpacked: names of the folders of the image's layers, base first.
    """
    folder = store.home.layers / isolation.form_name
    if not any((folder / key / _FOLDER).is_dir() for key in unpacked):
        return unpacked
    return [own_layer(store, isolation, {f"{_FOLDER}/99dockmagic": APT_SETTINGS}, {}), *unpacked]
