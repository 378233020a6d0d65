"""What a build is made from: a Dockerfile with its contexts, opened and read."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockmagic.builder.outcome.events import BuildWarned, ignore_events
from dockmagic.builder.outcome.excerpt import excerpt
from dockmagic.oci.errors import DockerfileError, DockmagicError

from .images.subject import find_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import BinaryIO, Self

    from dockmagic.builder.options import Options
    from dockmagic.builder.outcome.events import BuildEvent
    from dockmagic.builder.outcome.output import BuildOutput
    from dockmagic.builder.outcome.reproduce import Verdict
    from dockmagic.builder.outcome.result import Build
    from dockmagic.builder.reading.plan import Base, Plan
    from dockmagic.builder.sources.context import Context
    from dockmagic.builder.step.bases import Bases
    from dockmagic.dockerfile import Dockerfile
    from dockmagic.dockerfile.outline import Outline
    from dockmagic.dockerfile.rules import Finding
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Config, ConfigFile

    from .context import EngineContext

__all__ = ["PreparedBuild", "reading"]


@contextmanager
def _with_excerpt(source: str, *, first_line: int = 1) -> Iterator[None]:
    """Put the lines of `source` that an error is about into it on its way out."""
    try:
        yield
    except DockerfileError as error:
        around = error.excerpt or excerpt(source, error.lines, first_line=first_line)
        raise error.revised(excerpt=around) from error.__cause__


@contextmanager
def reading(source: str, *, name: str, first_line: int) -> Iterator[None]:
    """Tell, as BuildKit does, with a mistake that ends the reading what is odd above it."""
    try:
        with _with_excerpt(source, first_line=first_line):
            yield
    except DockerfileError as error:
        from dockmagic.dockerfile.lint import check_above

        found = check_above(source, error.lines[0], name=name, first_line=first_line)
        above = tuple(_short(one.rule, one.message, one.lines[0]) for one in found)
        raise error.revised(above=above, source=source) from error.__cause__


def _short(rule: str, message: str, line: int) -> str:
    return f"{rule}: {message} (line {line})"


def _warnings(findings: Sequence[Finding]) -> tuple[BuildWarned, ...]:
    return tuple(
        BuildWarned(text=one.message, line=one.lines[0], rule=one.rule, fix=one.fix, url=one.url) for one in findings
    )


def _given(options: Options) -> dict[str, str]:
    from dockmagic.builder.reading.scope import given_arguments

    return given_arguments(options.build_args)


class PreparedBuild:
    """A Dockerfile with its contexts; a context manager, which closes them. Get one with `Builds.open`.

    Attributes:
        dockerfile: parsed.
        context: where COPY and ADD find what they ask for.
        contexts: the named ones.
    """

    def __init__(
        self, engine: EngineContext, dockerfile: Dockerfile, context: Context, contexts: Mapping[str, Context]
    ) -> None:
        self._engine = engine
        self.dockerfile = dockerfile
        self.context = context
        self.contexts = contexts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the contexts."""
        for context in (self.context, *self.contexts.values()):
            context.close()

    def check(self, options: Options) -> tuple[BuildWarned, ...]:
        """What is odd about the Dockerfile (``build --check``); nothing runs, and no registry is asked.

        Raises:
            DockerfileError: a build would fail, as far as the text tells; what is odd is told with it.
        """
        findings, mistake = self.report(options)
        if mistake is not None:
            above = tuple(_short(one.rule, one.message, one.lines[0]) for one in findings)
            raise mistake.revised(above=above) from mistake.__cause__
        return _warnings(findings)

    def report(self, options: Options) -> tuple[tuple[Finding, ...], DockerfileError | None]:
        """The findings of `check` with all that the rules say, and what a build would fail with.

        Raises:
            DockerfileError: there is no such target, or the ``# check=`` cannot be understood.
        """
        from dockmagic.builder.dry_run import dry_run

        target = options.target or None
        plan = self._planned(options, target)
        findings = self._findings(options, target, plan)
        if isinstance(plan, DockerfileError):
            return findings, plan
        try:
            with self._excerpted():
                dry_run(plan.with_triggers(self._triggers), config=self._config)
        except DockerfileError as error:
            return findings, error
        return findings, None

    def _findings(
        self, options: Options, target: str | None, plan: Plan | DockerfileError, bases: Bases | None = None
    ) -> tuple[Finding, ...]:
        """What is odd in the stages of the plan; `bases` asks registries for images that are not here."""
        from dockmagic.dockerfile.lint import check

        with self._excerpted():
            return check(
                self.dockerfile,
                build_args=_given(options),
                target=target,
                stages=None if isinstance(plan, DockerfileError) else plan.as_written,
                platform=options.platform,
                base=partial(self._base_config, bases),
                ignore=self.context.ignore,
            )

    def _plan(self, options: Options, target: str | None) -> Plan:
        from dockmagic.builder.reading.plan import plan_build

        with self._excerpted():
            return plan_build(self.dockerfile, options, target=target, contexts=self.contexts)

    def _planned(self, options: Options, target: str | None) -> Plan | DockerfileError:
        """The plan, or why there is none."""
        try:
            return self._plan(options, target)
        except DockerfileError as error:
            return error

    def _tried(self, options: Options) -> Plan | DockerfileError:
        """The plan of a build, tried in a dry run, or what is wrong with it."""
        from dockmagic.builder.dry_run import dry_run

        try:
            plan = self._plan(options, options.target)
            with self._excerpted():
                dry_run(plan)
        except DockerfileError as error:
            return error
        return plan

    def _triggers(self, base: Base) -> tuple[str, ...]:
        """What a base puts first, if it is here."""
        found = self._config(base)
        return (found.on_build if found else None) or ()

    def _config(self, base: Base) -> Config | None:
        """What a base sets that is here."""
        name = base.origin.name if base.origin.kind == "image" else self.contexts[base.origin.name].image
        found = self._base(name) if name else None
        return found.config if found else None

    def _base(self, name: str) -> ConfigFile | None:
        """The configuration of a base image that is here."""
        try:
            return find_image(self._engine, name, platform=None, on_remote=None).config_file
        except DockmagicError:
            return None

    def _base_config(self, bases: Bases | None, name: str, platform: Platform) -> ConfigFile | None:
        """The configuration of a base image that is here, or that `bases` find."""
        from dockmagic.builder.reading.plan import context_of

        found = self._base(name)
        if found is not None or bases is None or context_of(name, tuple(self.contexts)):
            return found
        try:
            return bases.view(name, platform).config_file
        except DockmagicError:
            return None  # the build itself tells why, at its FROM

    def violation(self, options: Options, findings: Sequence[Finding]) -> DockerfileError | None:
        """What a build fails with because of `findings`: something under ``# check=error=true``, else None."""
        from dockmagic.dockerfile.lint import settings_of

        if not findings or not settings_of(self.dockerfile, _given(options)).error:
            return None
        rules = ", ".join(dict.fromkeys(one.rule for one in findings))
        return DockerfileError(
            f"lint violation found for rules: {rules}",
            hint=f"{findings[0].fix}; or take error=true out of # check=",
            file=self.dockerfile.name,
            lines=(findings[0].lines[0], findings[0].lines[0]),
        )

    def outline(self, options: Options) -> Outline:
        """What a build of the target can be given (``build --call outline``).

        Raises:
            DockerfileError: there is no such target.
        """
        from dockmagic.dockerfile.outline import outline

        with self._excerpted():
            return outline(self.dockerfile, options.target, build_args=_given(options), platform=options.platform)

    def build(
        self,
        options: Options,
        *,
        outputs: tuple[BuildOutput, ...] = (),
        stdout: BinaryIO | None = None,
        on_event: Callable[[BuildEvent], None] = ignore_events,
        stop: Callable[[], bool] = lambda: False,
    ) -> Build:
        """Check and build.

        Args:
            options: the flags.
            outputs: where the result goes besides the store.
            stdout: for outputs that ask for it.
            on_event: gets how it goes, warnings first; called from several threads, one at a time.
            stop: asked now and then; when it returns true the build ends with `InterruptedError`.

        Raises:
            StepFailed: a step failed.
            DockerfileError: the plan is impossible, a base image is nowhere, or ``# check=error=true`` and there are
                warnings.
        """
        from dockmagic.builder.step.bases import Bases

        plan = self._tried(options)  # before anything runs, and before a registry is asked
        impossible = isinstance(plan, DockerfileError)
        bases = Bases(self._engine.store, self._repository, pull=options.pull, on_notice=self._engine.notice)
        # Of the stages that the target needs: what a stage that is not built says does not matter here.
        target = options.target or str(len(self.dockerfile.stages) - 1)
        findings = self._findings(options, target, plan, None if impossible else bases)
        warnings = _warnings(findings)
        for warning in warnings:
            on_event(warning)
        violation = self.violation(options, findings)
        if violation is not None:
            raise violation
        if isinstance(plan, DockerfileError):
            raise plan
        built = self._builder(plan, options, outputs, stdout, on_event, bases=bases, stop=stop)()
        return replace(built, warnings=(*warnings, *built.warnings))

    def verify(self, options: Options, *, on_event: Callable[[BuildEvent], None] = ignore_events) -> Verdict:
        """Build twice without the cache, and compare (``build --verify-reproducible``)."""
        from dockmagic.builder.outcome.reproduce import verify_reproducible

        options = replace(options, no_cache=True)
        return verify_reproducible(self._builder(self._plan(options, options.target), options, (), None, on_event))

    def _builder(
        self,
        plan: Plan,
        options: Options,
        outputs: tuple[BuildOutput, ...],
        stdout: BinaryIO | None,
        on_event: Callable[[BuildEvent], None],
        *,
        bases: Bases | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Callable[[], Build]:
        from dockmagic.builder.execute import build

        def run() -> Build:
            with self._excerpted():
                return build(
                    self._engine.store,
                    plan,
                    self.context,
                    options,
                    contexts=self.contexts,
                    outputs=outputs,
                    registry=self._repository,
                    bases=bases,
                    on_event=on_event,
                    stdout=stdout,
                    stop=stop,
                )

        return run

    def _repository(self, ref: Reference) -> ImageSource:
        return self._engine.registries.repository(ref)  # an HTTP client, only when asked

    def _excerpted(self) -> AbstractContextManager[None]:
        return _with_excerpt(self.dockerfile.source, first_line=self.dockerfile.first_line)
