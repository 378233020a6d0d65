"""The checks of ``build --check``: BuildKit's rules, with its names, messages and lines, and a fix for each."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import DockerfileError
from dockmagic.oci.platforms import Platform

from .from_lint import FromLint
from .instructions import Arg, From, Maintainer
from .needs import base_stage, find_target, reachable
from .parser import parse
from .rules import CheckOptions, Finding, Report, options
from .stage_lint import StageLint, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from dockmagic.oci.spec import ConfigFile

    from .ignore import Ignore
    from .instruction import Instruction
    from .parser import Dockerfile

__all__ = ["CheckOptions", "Finding", "check", "check_above", "options", "settings_of"]

_RESERVED: Final = ("context", "scratch")


def check(
    dockerfile: Dockerfile,
    *,
    build_args: Mapping[str, str] | None = None,
    platform: Platform | None = None,
    target: str | None = None,
    stages: Collection[int] | None = None,
    base: Callable[[str, Platform], ConfigFile | None] | None = None,
    ignore: Ignore | None = None,
    settings: CheckOptions | None = None,
) -> tuple[Finding, ...]:
    """Apply the rules.

    What cannot be expanded ends the look into its stage: the build itself says what is wrong with it.

    Args:
        dockerfile: to look at.
        build_args: of ``--build-arg``; ``BUILDKIT_DOCKERFILE_CHECK`` among them goes before the file's ``# check=``.
        platform: that is built for; by default this machine's.
        target: look only into this stage (empty is the last) and those that it consists of; None looks into all.
        stages: indices of the stages to look into, where a plan says them; `target` is not followed then.
        base: the configuration of a base image, by its (expanded) name in FROM and the platform that is wanted; None
            where it is not known, and then its platform is not compared (InvalidBaseImagePlatform), nor is a variable
            that it may define reported (UndefinedVar).
        ignore: the context's (CopyIgnoredFile).
        settings: instead of both.

    Returns:
        The findings in the order of the file.

    Raises:
        DockerfileError: the ``# check=`` cannot be understood, or there is no such target.
    """
    if target is not None:
        find_target(dockerfile, target)
    given = build_args or {}
    if settings is None:
        settings = settings_of(dockerfile, given)
    report = Report(settings)
    for number in dockerfile.empty_continuations:
        report.add("NoEmptyContinuation", (number, number), "Empty continuation line", "Take the empty line out")
    _check_words(dockerfile, report)
    _check_stage_names(dockerfile, report)
    _check_casing(dockerfile, report)
    with suppress(DockerfileError):  # a global ARG that cannot be expanded
        froms = FromLint(dockerfile, given, platform or Platform.local(), report)
        _check_stages(
            dockerfile, report, froms=froms, target=target, stages=stages, base=base or _unknown, ignore=ignore
        )
    return report.findings()


def check_above(text: str, line: int, *, name: str = "Dockerfile", first_line: int = 1) -> tuple[Finding, ...]:
    """Apply the rules to what stands above a line that cannot be read; nothing where that cannot be read either.

    Args:
        text: of the whole file.
        line: that is wrong.
        name: of the file.
        first_line: number of its first line.
    """
    lines = text.split("\n")[: line - first_line]
    try:
        return check(parse("\n".join([*lines, ""]), name=name, first_line=first_line))
    except DockerfileError:
        return ()


def _unknown(_image: str, _platform: Platform) -> None:
    return None


def settings_of(dockerfile: Dockerfile, given: Mapping[str, str]) -> CheckOptions:
    """Which rules apply: as ``--build-arg BUILDKIT_DOCKERFILE_CHECK`` says, else as ``# check=`` does.

    Raises:
        DockerfileError: it cannot be understood.
    """
    if "BUILDKIT_DOCKERFILE_CHECK" in given:
        return options(given["BUILDKIT_DOCKERFILE_CHECK"])
    try:
        return options(dockerfile.directives.check)
    except DockerfileError as error:
        lines = enumerate(dockerfile.source.split("\n"), dockerfile.first_line)
        number = next(number for number, line in lines if dockerfile.directives.check in line)
        raise error.at(dockerfile.name, (number, number)) from None


def _check_words(dockerfile: Dockerfile, report: Report) -> None:
    """What shows in an instruction alone."""
    for one in dockerfile.instructions:
        if isinstance(one, Maintainer):
            report.add(
                "MaintainerDeprecated",
                one.lines,
                "Maintainer instruction is deprecated in favor of using label",
                f'Write LABEL org.opencontainers.image.authors="{one.author}"',
                one.comments,
            )
        elif isinstance(one, From) and one.stage:
            _check_from_words(one, report)
            _check_description(one, "FROM", [one.stage], report)
        elif isinstance(one, Arg):
            _check_description(one, "ARG", [argument.name for argument in one.arguments], report)


def _check_from_words(one: From, report: Report) -> None:
    as_word, stage = one.original.split()[-2:]
    if stage != stage.lower():
        report.add(
            "StageNameCasing",
            one.lines,
            f"Stage name '{stage}' should be lowercase",
            f"Write {as_word} {stage.lower()}",
            one.comments,
        )
    wanted = {one.keyword.lower(): as_word.lower(), one.keyword.upper(): as_word.upper()}.get(one.keyword, as_word)
    if as_word != wanted:
        report.add(
            "FromAsCasing",
            one.lines,
            f"'{as_word}' and '{one.keyword}' keywords' casing do not match",
            f"Write {wanted} {stage}",
            one.comments,
        )


def _check_description(one: Instruction, keyword: str, names: list[str], report: Report) -> None:
    if one.comments and one.comments[-1].split(" ")[0] not in names:
        name = names[0] if len(names) == 1 else "<arg_key>"
        report.add(
            "InvalidDefinitionDescription",
            one.lines,
            f"Comment for {keyword} should follow the format: `# {name} <description>`",
            f"Begin the comment with {name}, or put an empty comment (#) below it",
            one.comments,
        )


def _check_stage_names(dockerfile: Dockerfile, report: Report) -> None:
    seen: set[str] = set()
    for stage in dockerfile.stages:
        name = stage.name
        if name in _RESERVED:
            report.add(
                "ReservedStageName",
                stage.base.lines,
                f'Stage name should not use the same name as reserved stage "{name}"',
                f"Call the stage something else than {name}",
                stage.base.comments,
            )
        if name in seen:
            report.add(
                "DuplicateStageName",
                stage.base.lines,
                f'Duplicate stage name "{name}", stage names should be unique',
                f"Call one of the stages {name} something else",
                stage.base.comments,
            )
        if name:
            seen.add(name)


def _check_casing(dockerfile: Dockerfile, report: Report) -> None:
    ones = [one for stage in dockerfile.stages for one in (stage.base, *stage.instructions)]
    lower = sum(one.keyword == one.keyword.lower() for one in ones)
    upper = sum(one.keyword == one.keyword.upper() for one in ones)
    for one in ones:
        wanted = one.keyword.lower() if lower > upper else one.keyword.upper()
        if one.keyword != wanted:
            case = "lowercase" if lower > upper else "uppercase"
            report.add(
                "ConsistentInstructionCasing",
                one.lines,
                f"Command '{one.keyword}' should match the case of the command majority ({case})",
                f"Write {wanted}",
                one.comments,
            )


def _check_stages(
    dockerfile: Dockerfile,
    report: Report,
    *,
    froms: FromLint,
    target: str | None,
    stages: Collection[int] | None,
    base: Callable[[str, Platform], ConfigFile | None],
    ignore: Ignore | None,
) -> None:
    """What shows when the stages are gone through with their variables."""
    bases: dict[int, tuple[str, Platform]] = {}
    for stage in dockerfile.stages:
        with suppress(DockerfileError):
            bases[stage.index] = froms.check(stage.base)
    images = {index: image for index, (image, _) in bases.items()}
    wanted: Collection[int] = images.keys()
    if stages is not None:
        wanted = stages
    elif target is not None:
        wanted = reachable(dockerfile, find_target(dockerfile, target), images)
    left: dict[int, Surroundings] = {}
    for index, (image, platform) in bases.items():
        stage = dockerfile.stages[index]
        parent = base_stage(dockerfile, stage, image)
        if parent is not None and parent.index in left:
            surroundings = left[parent.index]
        elif index in wanted:
            config = None if image == "scratch" else base(image, platform)
            if config is not None:
                froms.check_base_platform(stage.base, platform, config.platform)
            surroundings = Surroundings.of_image(config, known=config is not None or image == "scratch")
        else:
            continue
        lint = StageLint(
            escape=dockerfile.escape,
            given=froms.given,
            global_values=froms.values,
            ignore=ignore,
            report=report,
        )
        if index in wanted:
            left[index] = lint.visit(stage, surroundings)
