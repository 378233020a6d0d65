"""The rules about FROM: its arguments, its platform, and the image that it turns out to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockerfileError, InvalidPlatform, InvalidReference
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference

from .arguments import global_arguments, predefined, values
from .expansion import trace
from .suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .expansion import Expansion
    from .instructions import From
    from .parser import Dockerfile
    from .rules import Report

__all__ = ["FromLint"]


class FromLint:
    """Looks at one FROM after the other.

    Args:
        dockerfile: whose they are.
        given: the values of ``--build-arg``.
        platform: that is built for.
        report: gets what is found.

    Attributes:
        given: as it was given.
        values: of the global scope.

    Raises:
        DockerfileError: a global ARG that cannot be expanded.
    """

    def __init__(self, dockerfile: Dockerfile, given: Mapping[str, str], platform: Platform, report: Report) -> None:
        self.given = given
        self._dockerfile = dockerfile
        self._platform = platform
        self._report = report
        defaults = predefined(platform, build_platform=Platform.local())
        arguments = global_arguments(dockerfile, given, defaults)
        self.values = values(arguments, given, defaults)
        self._names = {*self.values, *arguments}
        self._without_given = values(global_arguments(dockerfile, {}, defaults), given, defaults)

    def check(self, line: From) -> tuple[str, Platform]:
        """Apply the rules to one FROM, and give its image and platform, expanded.

        Raises:
            DockerfileError: they cannot be expanded.
        """
        self._check_default_arguments(line)
        image = self._expand(line, line.image).text
        if not line.platform:
            return image, self._platform
        platform = self._expand(line, line.platform)
        try:
            wanted = Platform.parse(platform.text)
        except InvalidPlatform as error:
            raise line.error(error.message, word=line.platform, hint=error.hint) from None
        self._check_platform(line, platform, wanted)
        return image, wanted

    def check_base_platform(self, line: From, wanted: Platform, actual: Platform) -> None:
        """Compare the platform that was asked for with that of the image."""
        wanted, actual = wanted.normalized(), actual.normalized()
        if (wanted.os, wanted.architecture) != (actual.os, actual.architecture):
            self._report.add(
                "InvalidBaseImagePlatform",
                line.lines,
                f'Base image {line.image} was pulled with platform "{actual}", expected "{wanted}" for current build',
                f"Take a base image that has {wanted}, or build with --platform {actual}",
                line.comments,
            )

    def _expand(self, line: From, word: str) -> Expansion:
        expansion = trace(word, self.values, escape=self._dockerfile.escape)
        for name in sorted(expansion.unmatched - self._names):
            near = nearest(name, sorted(self._names))
            meant = f" (did you mean {near}?)" if near else ""
            self._report.add(
                "UndefinedArgInFrom",
                line.lines,
                f"FROM argument '{name}' is not declared{meant}",
                f"Write ${near}" if near else f"Write ARG {name}=VALUE before the first FROM",
                line.comments,
            )
        return expansion

    def _check_default_arguments(self, line: From) -> None:
        try:
            Reference.parse(trace(line.image, self._without_given, escape=self._dockerfile.escape).text)
        except InvalidReference:
            self._report.add(
                "InvalidDefaultArgInFrom",
                line.lines,
                f"Default value for ARG {line.image} results in empty or invalid base image name",
                "Give the ARG before the first FROM a default with which the name is one",
                line.comments,
            )
        except DockerfileError:
            pass  # ${NAME:?} asks for an argument on purpose

    def _check_platform(self, line: From, platform: Expansion, wanted: Platform) -> None:
        if platform.matched == {"TARGETPLATFORM"} and not platform.unmatched:
            if platform.text == self.values["TARGETPLATFORM"]:
                self._report.add(
                    "RedundantTargetPlatform",
                    line.lines,
                    f"Setting platform to predefined {line.platform} in FROM is redundant as this is the default"
                    " behavior",
                    f"Leave out --platform={line.platform}",
                    line.comments,
                )
        elif not (platform.matched or platform.unmatched) and not any(
            part in line.stage for part in (wanted.os, wanted.architecture)
        ):
            self._report.add(
                "FromPlatformFlagConstDisallowed",
                line.lines,
                f'FROM --platform flag should not use constant value "{platform.text}"',
                f"Leave out --platform and build with --platform {platform.text}, or write $BUILDPLATFORM",
                line.comments,
            )
