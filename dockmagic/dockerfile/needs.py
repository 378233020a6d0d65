"""Which stages a stage stands on, as far as the text alone says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockerfileError

from .instructions import Copy, Run
from .suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .instruction import Instruction
    from .parser import Dockerfile, Stage

__all__ = ["base_stage", "find_target", "needed", "reachable"]


def find_target(dockerfile: Dockerfile, target: str) -> Stage:
    """The stage of this name (any case) or number; the last for an empty one.

    Raises:
        DockerfileError: there is none.
    """
    stage = dockerfile.stage(target) if target else dockerfile.stages[-1]
    if stage is None:
        names = [one.name for one in dockerfile.stages if one.name]
        raise DockerfileError(
            f'target stage "{target}" could not be found',
            file=dockerfile.name,
            suggestion=nearest(target, names),
            hint=f"There are {', '.join(names)}" if names else "No stage has a name: write FROM image AS name",
        )
    return stage


def base_stage(dockerfile: Dockerfile, stage: Stage, image: str) -> Stage | None:
    """The earlier stage that `image`, expanded, means in the FROM of `stage`; None if it is an image."""
    earlier = dockerfile.stages[: stage.index]
    return next((one for one in reversed(earlier) if one.name and one.name == image.lower()), None)


def needed(dockerfile: Dockerfile, stage: Stage) -> Iterator[Stage]:
    """The stages that instructions of `stage` take files from."""
    for one in stage.instructions:
        for name in _froms(one):
            found = dockerfile.stage(name)
            if found:
                yield found


def _froms(one: Instruction) -> Iterator[str]:
    if isinstance(one, Copy) and one.from_:
        yield one.from_
    elif isinstance(one, Run):
        yield from (spec.from_ for spec in one.mounts if spec.from_)


def reachable(dockerfile: Dockerfile, target: Stage, images: Mapping[int, str]) -> frozenset[int]:
    """Indices of the stages that `target` consists of, its own among them.

    Args:
        dockerfile: whose they are.
        target: to begin with.
        images: what the FROM of each stage names, expanded, by index.
    """
    found: set[int] = set()
    waiting = [target]
    while waiting:
        stage = waiting.pop()
        if stage.index not in found:
            found.add(stage.index)
            base = base_stage(dockerfile, stage, images.get(stage.index, ""))
            waiting += [*needed(dockerfile, stage), *([base] if base else [])]
    return frozenset(found)
