"""What a build would refuse, as far as the text tells it: each step is read as if it were done, and nothing is done."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dockmagic.dockerfile import Add, Arg, Copy, Env, Ignore, Run, Stopsignal, Workdir, expand, expand_text
from dockmagic.image.configuration import apply, begin, work_in
from dockmagic.oci.errors import DockerfileError, DockmagicError
from dockmagic.oci.spec import Config

from .copy.permissions import Permissions
from .reading.epoch import epoch_of
from .reading.scope import Scope
from .sources.source_checks import check_sources
from .step.mounts import place_mount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dockmagic.dockerfile import Instruction, RunMount
    from dockmagic.image.configuration import Settings

    from .reading.plan import Base, Plan, PlannedStage

__all__ = ["dry_run"]


def dry_run(plan: Plan, *, config: Callable[[Base], Config | None] = lambda _base: None) -> None:
    """Go through the stages without doing anything.

    Args:
        plan: whose stages are gone through.
        config: of a base that is an image or a named context; None where it is not known, and then nothing is said
            about what its variables could set right.

    Raises:
        DockerfileError: the first mistake, at its place.
    """
    epoch_of(plan.dockerfile, plan.arguments, plan.contexts)
    left: dict[int, _State] = {}
    for planned in plan.stages:
        left[planned.index] = _go_through(plan, planned, left, config)


class _State(NamedTuple):
    """What holds at one place in a stage; `known` if the variables are all that there are."""

    settings: Settings
    scope: Scope
    known: bool


class _Open(dict[str, str]):
    """Variables to which a base may add: one that is not there has some value.

    Attributes:
        guessed: one was asked for that is not there.
    """

    guessed = False

    def get(self, name: str, default: str | None = None) -> str:  # type: ignore[override]  # there is always a value
        """The value, or some."""
        if name not in self:
            self.guessed = True
        return super().get(name, default or "x")


def _go_through(
    plan: Plan, planned: PlannedStage, left: Mapping[int, _State], config: Callable[[Base], Config | None]
) -> _State:
    origin = planned.base.origin
    escape = plan.dockerfile.escape
    if origin.kind == "stage":
        below = left[origin.stage]
        settings, scope = begin(below.settings.config), below.scope
        env = settings.config.env or ()
        scope = Scope(plan.arguments, env, escape=escape, args=scope.args, declared=scope.declared)
        state = _State(settings, scope, below.known)
    else:
        found = Config() if origin.kind == "scratch" else config(planned.base)
        settings = begin(found or Config())
        scope = Scope(plan.arguments, settings.config.env or (), escape=escape)
        state = _State(settings, scope, found is not None)
    for one in planned.steps:
        state = _step(one, state, escape)
    return state


def _step(one: Instruction, state: _State, escape: str) -> _State:
    variables = state.scope.variables if state.known else _Open(state.scope.variables)

    def expand_word(word: str) -> str:
        return expand(word, variables, escape=escape)

    if isinstance(one, Arg):
        for argument in one.arguments:  # each sees those before it
            state = _declare(replace(one, arguments=(argument,)), state, escape)
        return state
    now = one.expanded(expand_word, lambda text: expand_text(text, variables))
    mounts: tuple[RunMount, ...] = ()
    try:
        mounts = now.resolve_mounts(expand_word) if isinstance(now, Run) else ()
    except DockerfileError:
        if not _is_guess(variables):
            raise
    return state if _is_guess(variables) else _after(one, now, mounts, state)


def _declare(one: Arg, state: _State, escape: str) -> _State:
    """What holds after an ARG of one argument; a default in place of which a value was given is not looked at."""
    (argument,) = one.arguments
    if not state.known and argument.default is not None and not state.scope.is_given(argument.name):
        variables = _Open(state.scope.variables)
        with _at(one, argument.default):
            expand(argument.default, variables, escape=escape)
        if variables.guessed:
            return state
    return state._replace(scope=state.scope.declare(one))


def _after(one: Instruction, now: Instruction, mounts: tuple[RunMount, ...], state: _State) -> _State:
    """What holds after `one`, which expanded is `now`."""
    settings, scope = state.settings, state.scope
    if isinstance(now, Run):
        for mount in mounts:
            with _at(one, mount.target):
                place_mount(mount, settings.workdir)
    elif isinstance(now, Copy | Add):
        with _at(one, getattr(one, "chmod", "")):
            Permissions(now.chmod or "0")
        with _at(one):
            check_sources(now)
            Ignore(now.exclude)
    elif isinstance(now, Workdir):
        settings = work_in(settings, now.path)
    else:
        with _at(one, one.signal if isinstance(one, Stopsignal) else ""):
            settings, _ = apply(settings, now)
    return _State(settings, scope.set(now) if isinstance(now, Env) else scope, state.known)


def _is_guess(variables: dict[str, str]) -> bool:
    return isinstance(variables, _Open) and variables.guessed


@contextmanager
def _at(one: Instruction, word: str = "") -> Iterator[None]:
    """Give an error its place."""
    try:
        yield
    except DockmagicError as error:
        reason = error.reason if isinstance(error, DockerfileError) else error.message
        raise one.error(reason, word=word, hint=error.hint) from None
