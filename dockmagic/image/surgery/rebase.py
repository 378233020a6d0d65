"""Rebase: the layers of an image upon another base, without a build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.image.draft import BASE_DIGEST, BASE_NAME, Draft
from dockmagic.oci.errors import Conflict
from dockmagic.oci.spec import Config

from .replace import check_links

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.image.image import Image

    from .workspace import Workspace

__all__ = ["rebase"]


def rebase(workspace: Workspace, image: Image, old_base: Image, new_base: Image) -> Image:
    """What `image` adds to `old_base`, upon `new_base`: layers, steps, and settings.

    Settings that the image has from its old base follow the new one; those that it changed stay. Nothing is run again:
    this is right where the layers above need no more of the base than that it works alike.

    Args:
        workspace: with the store, which has the blobs of the image.
        image: to change.
        old_base: which it stands on now.
        new_base: which it is to stand on; from wherever.

    Raises:
        Conflict: `image` does not stand on `old_base`, the new one is for another platform, or a layer has hard links
            to files that the new base does not have.
    """
    own, old = (each.config_file.rootfs.diff_ids for each in (image, old_base))
    if own[: len(old)] != old or not old:
        raise Conflict(
            f"{_named(image)} does not stand on {_named(old_base)}",
            hint="Name the image that it was built FROM, as it was then (by digest): see `history`",
        )
    if image.platform.normalized() != new_base.platform.normalized():
        raise Conflict(
            f"{_named(new_base)} is for {new_base.platform}, and {_named(image)} for {image.platform}",
            hint="Name a base of the same platform",
        )
    base = workspace.bring(new_base)
    draft, below = Draft(image), Draft(base)
    upper = draft.steps[_end(draft, Draft(old_base), len(old)) :]
    draft.steps = [*below.steps, *upper]
    draft.configure(_merged(image.config, old_base.config, new_base.config))
    for member in ("os.version", "os.features"):
        draft.config.pop(member, None)
        if member in below.config:
            draft.config[member] = below.config[member]
    draft.add(
        workspace.history(
            f"image rebase --old-base {_named(old_base)} --new-base {_named(new_base)}",
            comment=f"from {old_base.digest} to {new_base.digest}",
        )
    )
    name = str(new_base.names[0]) if new_base.names else None
    draft.annotate({BASE_NAME: name, BASE_DIGEST: new_base.repo_digest})
    made = workspace.finish(draft)
    check_links(image, made, f"upon {_named(new_base)}")
    return made


def _end(draft: Draft, old: Draft, layers: int) -> int:
    """Where the steps of the old base end."""
    rows = [step.row for step in old.steps]
    if [step.row for step in draft.steps[: len(rows)]] == rows:
        return len(rows)
    # The image was made elsewhere than its base says: its layers tell.
    return draft.place(layers - 1) + 1


def _merged(own: Config, old: Config, new: Config) -> Config:
    """Three ways: what is as in the old base follows the new one, entry by entry where there are several."""
    changes: dict[str, Any] = {}
    for field in msgspec.structs.fields(Config):
        mine, before, after = (getattr(each, field.name) for each in (own, old, new))
        if field.name == "env":
            env = _mapping(_env(mine), _env(before), _env(after))
            changes["env"] = tuple(f"{key}={value}" for key, value in env.items())
        elif isinstance(mine, dict) or isinstance(after, dict):
            changes[field.name] = _mapping(mine or {}, before or {}, after or {})
        else:
            changes[field.name] = after if mine == before else mine
        changes[field.name] = changes[field.name] or None
    return Config(**changes)


def _mapping(own: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in own.items() if key not in old or old[key] != value}
    removed = old.keys() - own.keys()
    return {key: value for key, value in {**new, **kept}.items() if key not in removed}


def _env(words: Sequence[str] | None) -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in words or ())


def _named(image: Image) -> str:
    return image.names[0].familiar if image.names else image.digest.short
