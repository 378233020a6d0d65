"""The checks of ``build --check``: BuildKit's rules, with their names, messages and lines, and a fix for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dockmagic.oci.platforms import Platform

    from .ignore import Ignore
    from .parser import Dockerfile

__all__ = ["CheckOptions", "Finding", "check", "options"]


class CheckOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What ``# check=skip=A,B;error=true;experimental=all`` says.

    Attributes:
        skip: rules to leave out; ``all`` leaves out all.
        experimental: rules of this kind to apply; ``all`` applies all.
        error: a warning fails the build.
    """

    skip: frozenset[str] = frozenset()
    experimental: frozenset[str] = frozenset()
    error: bool = False


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding.

    Attributes:
        rule: its name, such as ``StageNameCasing``.
        description: of the rule.
        message: about this place.
        url: where the rule is explained.
        lines: first and last line in the file.
        fix: what to write instead.
    """

    rule: str
    description: str
    message: str
    url: str
    lines: tuple[int, int]
    fix: str


def options(text: str) -> CheckOptions:
    """Read the value of ``# check=`` or of ``BUILDKIT_DOCKERFILE_CHECK``.

    Raises:
        DockerfileError: an unknown option.
    """
    raise NotImplementedError


def check(
    dockerfile: Dockerfile,
    *,
    build_args: Mapping[str, str] | None = None,
    target: str = "",
    platform: Platform | None = None,
    base_platforms: Mapping[str, Platform] | None = None,
    base_env: Callable[[str], Mapping[str, str]] | None = None,
    ignore: Ignore | None = None,
    settings: CheckOptions | None = None,
) -> tuple[Finding, ...]:
    """Apply the rules, in the order of the file.

    Args:
        dockerfile: to look at.
        build_args: of ``--build-arg``.
        target: look at this stage and what it needs only; empty looks at all.
        platform: the build's target; this machine's by default.
        base_platforms: what the base images turned out to be, by their name in FROM (InvalidBaseImagePlatform).
        base_env: the environment that a base image's configuration sets, by its name in FROM (UndefinedVar).
        ignore: the context's (CopyIgnoredFile).
        settings: instead of the file's own ``# check=``.
    """
    raise NotImplementedError
