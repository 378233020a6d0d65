"""BuildKit's rules by name, what a finding is, and which rules apply where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from dockmagic.oci.errors import DockerfileError

from .characters import SPACE, parse_bool

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RULES", "CheckOptions", "Finding", "LintRule", "Report", "options"]

_ALL: Final = "all"


class LintRule(NamedTuple):
    """One rule.

    Attributes:
        description: of what it is about.
        page: of the documentation; empty where it has none of its own.
        experimental: applied only where it is asked for.
    """

    description: str
    page: str
    experimental: bool = False

    @property
    def url(self) -> str:
        """Where the rule is explained."""
        if not self.page:
            return "https://docs.docker.com/reference/build-checks/"
        return f"https://docs.docker.com/go/dockerfile/rule/{self.page}/"


RULES: Final[dict[str, LintRule]] = {
    "StageNameCasing": LintRule("Stage names should be lowercase", "stage-name-casing"),
    "FromAsCasing": LintRule("The 'as' keyword should match the case of the 'from' keyword", "from-as-casing"),
    "NoEmptyContinuation": LintRule(
        "Empty continuation lines will become errors in a future release", "no-empty-continuation"
    ),
    "ConsistentInstructionCasing": LintRule(
        "All commands within the Dockerfile should use the same casing (either upper or lower)",
        "consistent-instruction-casing",
    ),
    "DuplicateStageName": LintRule("Stage names should be unique", "duplicate-stage-name"),
    "ReservedStageName": LintRule("Reserved words should not be used as stage names", "reserved-stage-name"),
    "JSONArgsRecommended": LintRule(
        "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
        "json-args-recommended",
    ),
    "MaintainerDeprecated": LintRule(
        "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
        "maintainer-deprecated",
    ),
    "UndefinedArgInFrom": LintRule("FROM command must use declared ARGs", "undefined-arg-in-from"),
    "WorkdirRelativePath": LintRule(
        "Relative workdir without an absolute workdir declared within the build can have unexpected results if the "
        "base image changes",
        "workdir-relative-path",
    ),
    "UndefinedVar": LintRule("Variables should be defined before their use", "undefined-var"),
    "MultipleInstructionsDisallowed": LintRule(
        "Multiple instructions of the same type should not be used in the same stage",
        "multiple-instructions-disallowed",
    ),
    "LegacyKeyValueFormat": LintRule(
        "Legacy key/value format with whitespace separator should not be used", "legacy-key-value-format"
    ),
    "InvalidBaseImagePlatform": LintRule("Base image platform does not match expected target platform", ""),
    "RedundantTargetPlatform": LintRule(
        "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
        "redundant-target-platform",
    ),
    "SecretsUsedInArgOrEnv": LintRule(
        "Sensitive data should not be used in the ARG or ENV commands", "secrets-used-in-arg-or-env"
    ),
    "InvalidDefaultArgInFrom": LintRule(
        "Default value for global ARG results in an empty or invalid base image name", "invalid-default-arg-in-from"
    ),
    "FromPlatformFlagConstDisallowed": LintRule(
        "FROM --platform flag should not use a constant value", "from-platform-flag-const-disallowed"
    ),
    "CopyIgnoredFile": LintRule("Attempting to Copy file that is excluded by .dockerignore", "copy-ignored-file"),
    "InvalidDefinitionDescription": LintRule(
        "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is "
        "not intended to be a description comment, add an empty line or comment between the instruction and the "
        "comment.",
        "invalid-definition-description",
        experimental=True,
    ),
    "ExposeProtoCasing": LintRule("Protocol in EXPOSE instruction should be lowercase", "expose-proto-casing"),
    "ExposeInvalidFormat": LintRule(
        "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a "
        "future release",
        "expose-invalid-format",
    ),
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule found.

    Attributes:
        rule: its name, such as ``StageNameCasing``.
        message: about this place.
        lines: first and last line in the file.
        fix: what to write instead.
        description: of the rule.
        url: where the rule is explained.
    """

    rule: str
    message: str
    lines: tuple[int, int]
    fix: str
    description: str
    url: str


class CheckOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What ``# check=skip=A,B;error=true;experimental=all`` says.

    Attributes:
        skip: rules to leave out; ``all`` leaves out all.
        experimental: rules of this kind to apply; ``all`` applies all.
        error: a finding fails the build.
    """

    skip: frozenset[str] = frozenset()
    experimental: frozenset[str] = frozenset()
    error: bool = False

    def __or__(self, other: CheckOptions) -> CheckOptions:
        """These, and those for one place; whether a finding is an error is the file's affair."""
        return CheckOptions(
            skip=self.skip | other.skip, experimental=self.experimental | other.experimental, error=self.error
        )

    def applies(self, name: str) -> bool:
        """Whether the rule of this name is applied."""
        if RULES[name].experimental:
            return bool(self.experimental & {name, _ALL})
        return not self.skip & {name, _ALL}


def options(text: str) -> CheckOptions:
    """Read the value of ``# check=``, or of the build argument ``BUILDKIT_DOCKERFILE_CHECK``.

    Raises:
        DockerfileError: an unknown option.
    """
    found: dict[str, frozenset[str]] = {}
    error = False
    text = text.strip(SPACE).partition(" ")[0]
    for part in text.split(";") if text else ():
        key, equals, value = part.partition("=")
        key = key.strip(SPACE)
        if key not in ("skip", "experimental", "error") or not equals:
            raise DockerfileError(
                f'failed to parse check options: invalid check option "{key if equals else part}"',
                hint="Write skip=RULE,RULE, experimental=RULE or error=true, with ; between them",
            )
        if key == "error":
            try:
                error = parse_bool(value.strip(SPACE))
            except ValueError:
                raise DockerfileError(
                    f'failed to parse check option "{part}"', hint="Write error=true or error=false"
                ) from None
        else:
            found[key] = frozenset(name.strip(SPACE) for name in value.split(","))
    return CheckOptions(**found, error=error)


class Report:
    """Collects findings, and leaves out those that are not asked for.

    Args:
        settings: of the file.
    """

    def __init__(self, settings: CheckOptions) -> None:
        self._settings = settings
        self._findings: dict[tuple[str, str, tuple[int, int]], Finding] = {}

    def add(self, rule: str, lines: tuple[int, int], message: str, fix: str, comments: Iterable[str] = ()) -> None:
        """Note a finding, once, unless the file or a ``# check=`` among the `comments` above it takes it out."""
        if (self._settings | _of_comments(comments)).applies(rule):
            about = RULES[rule]
            self._findings[rule, message, lines] = Finding(
                rule=rule, message=message, lines=lines, fix=fix, description=about.description, url=about.url
            )

    def findings(self) -> tuple[Finding, ...]:
        """All, in the order of the file."""
        return tuple(sorted(self._findings.values(), key=lambda one: (one.lines[0], one.message)))


def _of_comments(comments: Iterable[str]) -> CheckOptions:
    for comment in comments:
        key, equals, value = comment.partition("=")
        if equals and key.strip(SPACE).lower() == "check":
            try:
                return options(value)
            except DockerfileError:  # a comment may say anything
                break
    return CheckOptions()
