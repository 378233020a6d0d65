"""Containers as a Python user has them: run, execute, look, copy, stop."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import dockmagic
from dockmagic import CannotStart, CommandFailed, Completed, Conflict, Container, TimeExceeded

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic import Engine, Image


def test_a_run_gives_output_and_exit_code(engine: Engine) -> None:
    """Another exit code than 0 is a result, and no error."""
    done = engine.containers.run("small:1", "sh -c 'echo out; echo err >&2; exit 3'", rm=True)
    assert isinstance(done, Completed)
    assert (done.stdout, done.stderr, done.exit_code, done.text, str(done), done.ok) == (
        b"out\n",
        b"err\n",
        3,
        "out",
        "out",
        False,
    )
    assert done.args == ("sh", "-c", "echo out; echo err >&2; exit 3")
    assert repr(done) == "<Completed sh: exit code 3>"
    assert len(engine.containers) == 0


def test_check_raises_what_the_program_said_and_keeps_its_output(engine: Engine) -> None:
    """As in subprocess, the error has the result."""
    with pytest.raises(CommandFailed, match="ended with exit code 3") as caught:
        engine.containers.run("small:1", ["sh", "-c", "echo out; exit 3"], check=True, rm=True)
    assert (caught.value.exit_code, caught.value.result.text) == (3, "out")
    assert engine.containers.run("small:1", "true", check=True, rm=True).ok


def test_output_can_be_read_as_json_and_heard_as_it_comes(engine: Engine) -> None:
    """`json` reads standard output; `on_output` gets each piece with its stream."""
    heard: list[tuple[int, bytes]] = []
    done = engine.containers.run(
        "small:1", """sh -c 'echo "[1]"; echo e >&2'""", rm=True, on_output=lambda *piece: heard.append(piece)
    )
    assert done.json() == [1]
    assert sorted(heard) == [(1, b"[1]\n"), (2, b"e\n")]


@pytest.mark.parametrize("given", ["grüße", "grüße".encode(), bytearray("grüße".encode())])
def test_input_feeds_the_program(engine: Engine, given: str | bytes) -> None:
    """Text is UTF-8, bytes are as they are, and the end of the input is seen."""
    assert engine.containers.run("small:1", "cat", input=given, rm=True).stdout == "grüße".encode()


def test_a_program_that_takes_too_long_is_killed(engine: Engine) -> None:
    """The error has what was written until then, and is Python's TimeoutError, too."""
    with pytest.raises(TimeExceeded, match=r"did not end within 0\.5 seconds") as caught:
        engine.containers.run("small:1", "sh -c 'echo early; sleep 100'", timeout=0.5, rm=True)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.result.text == "early"
    assert len(engine.containers) == 0


def test_what_needs_waiting_is_refused_with_detach(engine: Engine) -> None:
    """Nothing is made before the call is understood."""
    for options in ({"check": True}, {"timeout": 1}, {"input": b""}, {"on_output": print}):
        with pytest.raises(TypeError, match="detach=True"):
            engine.containers.run("small:1", "true", detach=True, **options)  # type: ignore[call-overload]
    for options in ({"detach": 1}, {"check": "yes"}, {"input": 5}, {"timeout": "1"}, {"on_output": 5}):
        with pytest.raises(TypeError, match=next(iter(options))):
            engine.containers.run("small:1", "true", **options)  # type: ignore[call-overload]
    assert len(engine.containers) == 0


def test_a_program_that_is_not_there_is_an_error(engine: Engine) -> None:
    """It has docker's exit code, and a container with `rm` is gone."""
    with pytest.raises(CannotStart) as caught:
        engine.containers.run("small:1", "no-such-program", rm=True)
    assert caught.value.exit_code == 127
    assert len(engine.containers) == 0


def test_options_reach_the_program(engine: Engine) -> None:
    """Variables, labels and volumes as mappings."""
    engine.containers.run(
        "small:1",
        ["sh", "-c", "echo $A > /data/a"],
        env={"A": "1"},
        labels={"A": "1"},
        volumes={"work": {"bind": "/data", "mode": "rw"}},
        name="writer",
        check=True,
    )
    assert engine.containers["writer"].labels["A"] == "1"
    assert engine.containers.run("small:1", "cat /data/a", volumes={"work": "/data"}, rm=True).text == "1"
    engine.containers["writer"].remove()
    engine.volumes.remove("work")


def test_a_detached_container_runs_on_and_has_what_one_reaches_for(engine: Engine) -> None:
    """Names, state, times and settings are properties; the end is waited for."""
    program = ["sh", "-c", "trap 'exit 143' TERM; echo ready; sleep 1000 & wait"]
    container = engine.containers.run("small:1", program, detach=True, name="db", labels={"a": "1"})
    next(iter(container.logs(follow=True)))
    assert isinstance(container, Container)
    assert (container.name, container.status, container.is_running, container.exit_code) == (
        "db",
        "running",
        True,
        None,
    )
    assert datetime.now(UTC) - container.created < timedelta(minutes=5)
    assert container.image.tags == ("small:1",)
    assert repr(container) == f"<Container db {container.short_id} of small:1>"
    assert container.inspect()["Name"] == "/db"
    container.stop(timeout=5)
    assert (container.status, container.wait(), container.exit_code) == ("exited", 143, 143)
    assert container.rename("old").name == "old"
    container = engine.containers["old"]
    container.remove()
    assert "old" not in engine.containers


def test_execute_runs_one_more_program(container: Container) -> None:
    """It takes what `run` takes, and gives what `run` gives."""
    done = container.execute("sh -c 'cat; echo $A $PWD; exit 4'", env={"A": 1}, workdir="/tmp", input="in\n")  # noqa: S108
    assert (done.text, done.exit_code) == ("in\n1 /tmp", 4)
    with pytest.raises(CommandFailed):
        container.execute(["false"], check=True)
    with pytest.raises(TimeExceeded):
        container.execute("sleep 100", timeout=0.3)
    with pytest.raises(CannotStart):
        container.execute("no-such-program")
    assert container.is_running


@pytest.mark.parametrize(
    "options", [{"env": 1}, {"workdir": 1}, {"user": 1.5}, {"input": 1}, {"check": 1}, {"timeout": "1"}]
)
def test_execute_refuses_what_does_not_fit_by_name(container: Container, options: dict[str, object]) -> None:
    """Before anything runs."""
    with pytest.raises(TypeError, match=next(iter(options))):
        container.execute("true", **options)  # type: ignore[arg-type]


def test_execute_needs_a_running_container(engine: Engine) -> None:
    """One that was only made has no processes."""
    container = engine.containers.create("small:1", "true")
    assert container.status == "created"
    with pytest.raises(Conflict):
        container.execute("true")


def test_files_go_in_and_out(container: Container, tmp_path: Path) -> None:
    """Paths of this machine may be `Path` objects or texts."""
    (tmp_path / "in").write_text("in")
    container.copy_to(tmp_path / "in", "/tmp/in")  # noqa: S108
    assert (container / "tmp/in").read_text() == "in"
    container.copy_from("/tmp/in", tmp_path / "out")  # noqa: S108
    assert (tmp_path / "out").read_text() == "in"
    container.copy_from("/tmp/in", str(tmp_path / "text"))  # noqa: S108
    assert (tmp_path / "text").read_text() == "in"
    out = io.BytesIO()
    container.export(out)
    assert out.getvalue()[257:262] == b"ustar"
    assert {row.command for row in container.top()}


def test_a_container_becomes_an_image(engine: Engine) -> None:
    """`commit` gives the image with its name."""
    engine.containers.run("small:1", "touch /new", name="work", check=True)
    made = engine.containers["work"].commit("made:1")
    assert made.tags == ("made:1",)
    assert (made / "new").is_file()
    engine.containers["work"].remove()
    made.remove()


def test_images_are_given_by_name_or_as_objects(engine: Engine, image: Image) -> None:
    """What is neither is refused."""
    assert engine.containers.run(image, "echo hi", rm=True).text == "hi"
    with pytest.raises(TypeError, match="image takes a name or an Image, not int"):
        engine.containers.run(5, "true")  # type: ignore[call-overload]


def test_the_functions_use_the_home_of_the_user(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dockmagic.run` is `containers.run` of an engine for the user's home."""
    monkeypatch.setenv("DOCKMAGIC_HOME", str(engine.home.root))
    assert dockmagic.run("small:1", "echo hi", rm=True).text == "hi"
    assert json.dumps([one.name for one in engine.containers]) == "[]"
