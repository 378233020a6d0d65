"""RUN: a program in the state of a step, and what it leaves as the next layer."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from dockmagic.builder.caching import keys
from dockmagic.builder.copy.owners import find_owner
from dockmagic.builder.image.step_commit import commit_step, moment
from dockmagic.builder.outcome.events import BuildWarned, StepOutput
from dockmagic.builder.outcome.failure import Tail, refused, returned
from dockmagic.builder.reading.builder_arguments import hostname
from dockmagic.dockerfile import User, refuse
from dockmagic.image.layer_writer import NewLayer
from dockmagic.oci.errors import InvalidInput, OutOfSpace
from dockmagic.runtime.machine.tiers import choose

from .mounts import Mounted
from .redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.builder.caching.cache import KeyInput
    from dockmagic.builder.outcome.events import StepInfo
    from dockmagic.builder.reading.plan import PlannedStage
    from dockmagic.dockerfile import Instruction, Run
    from dockmagic.image.image import Image
    from dockmagic.runtime.container import Container

    from .build_session import BuildSession, StageState
    from .mounts import Ready

__all__ = ["PlannedRun", "plan_run"]


class PlannedRun(NamedTuple):
    """A RUN, ready to be looked up or done.

    Attributes:
        inputs: of the cache's key.
        text: of the history row.
        work: does it.
    """

    inputs: tuple[KeyInput, ...]
    text: str
    work: Callable[[], NewLayer | None]


def plan_run(
    session: BuildSession, info: StepInfo, instruction: Run, stage: PlannedStage, state: StageState
) -> PlannedRun:
    """Say what an (expanded) RUN depends on.

    Raises:
        NotSupported: it asks for what is not there, or nothing can run here.
        DockerfileError: a mount that makes no sense.
    """
    refuse(instruction)
    isolation = choose(session.store.home)
    program = instruction.program
    argv = program.command(state.settings.shell)
    mounted = Mounted(session, info, instruction, stage, state)
    network = session.options.network if instruction.network == "default" else instruction.network
    inputs = keys.of_run(
        state.image,
        stage.base.platform,
        instruction,
        state.settings,
        state.scope,
        network=network,
        hostname=hostname(session.plan.arguments.given),
        hosts=session.options.add_hosts,
        mounts=mounted.inputs,
        shm_size=session.options.shm_size,
        ownership="kept" if isolation.keeps_owners else "noted",
        epoch=session.options.epoch,
    )
    args = state.scope.told
    words = [f"|{len(args)}", *args] if args else []
    text = f"RUN {' '.join([*words, *argv])} # buildkit"

    def work() -> NewLayer | None:
        _check_user(session, info, instruction, stage, state)
        tail = Tail()

        def on_output(stream: int, data: bytes) -> None:
            tail.add(data)
            session.emit(StepOutput(number=info.number, stream=stream, data=data))

        output = Redaction((secret.value for secret in session.options.secrets), on_output)
        with (
            session.fork_server().serving(),
            mounted.ready() as mounts,
            _container(session, state, argv, network, mounts) as container,
        ):
            with _carried(container):
                code = _run(session, container, mounts, output)
            output.finish()
            try:
                layer = _layer(session, container, state.image, line=info.lines[0])
                if not code:
                    return layer
                now = moment(time.time() if session.options.epoch is None else session.options.epoch)
                left = commit_step(session.store, state.image, state.settings, text=text, created=now, layer=layer)
                error = returned(session.plan.dockerfile, instruction, info, argv, code=code, output=tail)
                error = error.revised(state=left)
            except OutOfSpace as full:
                if not code:
                    raise
                error = returned(session.plan.dockerfile, instruction, info, argv, code=code, output=tail, full=full)
        raise error

    return PlannedRun(inputs, text, work)


def _check_user(
    session: BuildSession, info: StepInfo, instruction: Run, stage: PlannedStage, state: StageState
) -> None:
    """Blame the USER, not the RUN, for somebody whom the image does not know.

    BuildKit minds only when a program is to run, for a step in between may bring the user; so do we, at the USER.

    Raises:
        StepFailed: there is no such user or group.
    """
    user = state.settings.user
    try:
        find_owner(state.image, user)
    except InvalidInput as error:
        line = _line_of_user(session, instruction, stage)
        message = error.message
        if line is not instruction:
            message += f", so that the RUN in line {instruction.lines[0]} cannot start"
        told = InvalidInput(message, hint=error.hint)
        told = told.revised(word=getattr(line, "user", ""))
        raise refused(session.plan.dockerfile, line, info, told) from None


def _line_of_user(session: BuildSession, instruction: Instruction, stage: PlannedStage) -> Instruction:
    """The USER that holds at `instruction`, or that itself if the base image's holds."""
    here: PlannedStage | None = stage
    steps = stage.steps[: next(at for at, step in enumerate(stage.steps) if step.lines == instruction.lines)]
    while here is not None:
        for step in reversed(steps):
            if isinstance(step, User):
                return step
        origin = here.base.origin
        here = session.plan.stage(origin.stage) if origin.kind == "stage" else None
        steps = here.steps if here is not None else ()
    return instruction


@contextlib.contextmanager
def _container(
    session: BuildSession, state: StageState, argv: tuple[str, ...], network: str, mounts: Ready
) -> Iterator[Container]:
    # A build that finds all in the cache starts nothing, and need not load what could.
    from dockmagic.runtime.container_spec import ContainerSpec
    from dockmagic.runtime.creation import create

    spec = ContainerSpec(
        command=argv,
        entrypoint=(),
        env=tuple(state.scope.run_env),
        workdir=state.settings.workdir,
        user=state.settings.user,
        hostname=hostname(session.plan.arguments.given) or "buildkitsandbox",
        network=network,
        add_host=session.options.add_hosts,
        mounts=tuple(mounts.mounts),
        image_volumes=False,
        shm_size=session.options.shm_size,
        keep_log=False,
        lease=session.keep.name,
    )
    container = create(session.store, state.image, spec)
    try:
        yield container
    finally:
        session.remove(container)


def _carried(container: Container) -> contextlib.AbstractContextManager[None]:
    """Its mounts in their places, where they are no mounts."""
    if not container.isolation.driver.carries_mounts:
        return contextlib.nullcontext()
    from dockmagic.runtime.copied_mounts import carried

    return carried(container)


def _run(session: BuildSession, container: Container, mounts: Ready, output: Redaction) -> int:
    """Run the program to its end; its exit code."""
    from dockmagic.runtime.cannot_start import CannotStart

    try:
        running = container.start(owner=os.getpid(), secrets=mounts.env, secret_files=mounts.secrets)
    except CannotStart as error:
        if error.exit_code == CannotStart.exit_code:
            raise
        output(2, f"{error.message}\n".encode())  # as a shell would say it
        return error.exit_code
    isolation = container.isolation
    if isolation.needs_worker:
        # While the program runs.
        session.fork_server().expect(*isolation.driver.preload_commit, *isolation.snapshots.preload)
    with running:
        session.watch(running)
        try:
            code = running.follow(output)
        finally:
            session.unwatch(running)
    session.check()
    return code


def _layer(session: BuildSession, container: Container, below: Image, *, line: int) -> NewLayer | None:
    """What the program has written, as a layer in the store; None if it is nothing."""
    from dockmagic.runtime.commit import write_layer

    written = write_layer(container, keep=session.keep, epoch=session.options.epoch, pause=False, last=True)
    if written is None:
        return None
    for notice in container.isolation.driver.commit_warnings(written.table, below):
        session.warn(BuildWarned(text=notice, line=line))
    return NewLayer(descriptor=written.descriptor, diff_id=written.diff_id, size=written.table.content_size)
