"""Long calls in the background: a job is awaited, watched and cancelled."""

from __future__ import annotations

import asyncio
import io
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import dockmagic
from dockmagic import Engine, Job, JobCancelled, NotSupported
from dockmagic.builder.outcome.events import BuildStarted, StepOutput
from dockmagic.engine.events import BlobProgress, EventLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic.oci.spec import Descriptor


@pytest.fixture
def away(engine: Engine, registry: str) -> str:
    """The name of an image in a registry."""
    name = f"{registry}/jobs/small:1"
    engine.images.tag("small:1", name)
    engine.images.push(name)
    engine.images.remove(name)
    return name


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Engine]:
    """An engine with an empty home."""
    with Engine(tmp_path / "other") as engine:
        yield engine


def test_a_job_returns_what_the_call_returns(other: Engine, away: str) -> None:
    """`result` waits; the job is done then, and says what it did."""
    job = dockmagic.submit(other.images.pull, away)
    image = job.result(60)
    assert image == other.images[away]
    assert (job.state, job.done, job.exception()) == ("done", True, None)
    assert repr(job) == f"<Job pull {away}: done>"


def test_a_job_can_be_awaited(other: Engine, away: str) -> None:
    """In a coroutine, or in a cell."""

    async def main() -> tuple[str, ...]:
        image = await dockmagic.submit(other.images.pull, away)
        return image.tags

    assert asyncio.run(main()) == (away,)


def test_cancelling_a_coroutine_that_awaits_a_job_leaves_the_job(other: Engine, away: str) -> None:
    """The job has other readers; `Job.cancel` ends it."""
    release = threading.Event()
    job: Job[str] = Job("waiting", lambda _job: "kept" if release.wait(60) else "late")

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_awaited(job), 0.05)

    asyncio.run(main())
    assert job.state == "running"
    release.set()
    assert job.result(60) == "kept"


async def _awaited(job: Job[str]) -> str:
    return await job


def test_events_are_an_iterator_for_any_number_of_readers(other: Engine, away: str) -> None:
    """Who comes late gets what was before; each gets all, in order, and the end."""
    job = dockmagic.submit(other.images.pull, away)
    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(lambda: list(job.events())) for _ in range(2)]
        job.result(60)
        seen = [reader.result(60) for reader in readers]
    seen.append(list(job.events()))
    for events in seen:
        assert {event.status for event in events if isinstance(event, BlobProgress)} >= {"Pull complete"}
        assert events[-1] == seen[-1][-1]


def test_a_callback_that_is_given_gets_the_events_too(other: Engine, away: str) -> None:
    """The job's own listener does not take the user's place."""
    heard: list[str] = []

    def listen(_desc: Descriptor, status: str, _done: int, _total: int) -> None:
        heard.append(status)

    dockmagic.submit(other.images.pull, away, on_progress=listen).result(60)
    assert "Pull complete" in heard


def test_a_job_raises_what_the_call_raises(other: Engine, registry: str) -> None:
    """The error itself, in `result` and as `exception`; reading the events raises nothing."""
    job = dockmagic.submit(other.images.pull, f"{registry}/jobs/absent:1")
    with pytest.raises(dockmagic.ImageNotFound, match="absent"):
        job.result(60)
    assert job.state == "failed"
    assert isinstance(job.exception(), dockmagic.ImageNotFound)
    assert [event for event in job.events() if isinstance(event, BlobProgress)] == []


def test_wrong_arguments_are_told_before_anything_begins(other: Engine) -> None:
    """As the call itself would tell them."""
    with pytest.raises(TypeError):
        dockmagic.submit(other.images.inspect)
    with pytest.raises(TypeError, match="nonsense"):
        dockmagic.submit(other.images.load, "x", nonsense=1)  # type: ignore[call-arg]  # that is the point


def test_a_pull_is_cancelled_and_the_store_stays_whole(other: Engine, away: str) -> None:
    """Nothing is named; the same pull succeeds afterwards."""
    begun, go = threading.Event(), threading.Event()

    def hold(_desc: Descriptor, status: str, _done: int, _total: int) -> None:
        if status == "Downloading":
            begun.set()
            go.wait(60)

    job = dockmagic.submit(other.images.pull, away, on_progress=hold)
    assert begun.wait(60)
    assert job.cancel()
    go.set()
    with pytest.raises(JobCancelled, match=r"pull .*: cancelled"):
        job.result(60)
    assert job.state == "cancelled"
    assert len(other.images) == 0
    assert not job.cancel()
    assert other.images.pull(away).tags == (away,)
    assert other.images.validate(other.images[away]) == ()


def test_a_build_is_cancelled_in_the_middle_of_a_silent_step(engine: Engine) -> None:
    """The program is killed, although it writes nothing; nothing is named."""
    dockerfile = io.StringIO("FROM small:1\nRUN echo begun; sleep 1000\n")
    job = dockmagic.submit(engine.images.build, None, dockerfile=dockerfile, tags="jobs:never", no_cache=True)
    for event in job.events():
        if isinstance(event, StepOutput) and b"begun" in event.data:
            break
    began = time.monotonic()
    assert job.cancel()
    with pytest.raises(JobCancelled):
        job.result(60)
    assert time.monotonic() - began < 20
    assert "jobs:never" not in engine.images
    assert any(isinstance(event, BuildStarted) for event in job.events())


def test_result_waits_no_longer_than_it_is_told() -> None:
    """The job goes on."""
    release = threading.Event()
    job: Job[bool] = Job("waiting", lambda _job: release.wait(60))
    with pytest.raises(TimeoutError):
        job.result(0.01)
    with pytest.raises(TimeoutError):
        job.exception(0.01)
    release.set()
    assert job.result(60)


def test_a_job_tells_how_long_it_took() -> None:
    """From its beginning to its end, however late it is asked."""
    job: Job[None] = Job("short", lambda _job: time.sleep(0.05))
    job.result(60)
    took = job.seconds
    time.sleep(0.1)
    assert job.seconds == took >= 0.05


def test_a_job_is_neither_pickled_nor_shared_with_a_fork(other: Engine, away: str) -> None:
    """Each says so in one line instead of waiting for ever."""
    job = dockmagic.submit(other.images.pull, away)
    job.result(60)
    with pytest.raises(NotSupported, match="cannot be pickled"):
        pickle.dumps(job)
    pid = os.fork()
    if pid == 0:
        try:
            job.result(1)
        except NotSupported:
            os._exit(17)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 17


def test_a_process_that_ends_cancels_its_jobs() -> None:
    """Python does not hang at its exit."""
    script = (
        "import dockmagic, time\n"
        "def work(job):\n"
        "    while not job.stopped():\n"
        "        time.sleep(0.01)\n"
        "    print('stopped', flush=True)\n"
        "job = dockmagic.Job('endless', work)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "stopped\n"


def test_the_log_of_events_is_bounded() -> None:
    """Only the last progress of a blob is kept, and of a flood the newest part."""
    log = EventLog()
    for done in range(1000):
        log.append(BlobProgress(digest="sha256:1", status="Downloading", done=done, total=1000))
    for number in range(30):
        log.append(StepOutput(number=number, stream=1, data=bytes(1024 * 1024)))
    log.close()
    events = list(log)
    output = [event.number for event in events if isinstance(event, StepOutput)]
    assert output == list(range(output[0], 30))
    assert sum(len(event.data) for event in events if isinstance(event, StepOutput)) <= 16 * 1024 * 1024
    assert len([event for event in events if isinstance(event, BlobProgress)]) <= 1
