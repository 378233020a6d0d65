"""What a container's flags say of its name, its ports, its end and its terminal: as docker 20.10 has it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from dockmagic.commands.flags.detach_keys import configured_detach_keys
from dockmagic.runtime.hosts import write_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Typed = Callable[..., Any]


def _inspected(typed: Typed, template: str) -> Any:
    return json.loads(typed("inspect -f", template, "cpt").out)


def test_what_was_not_set_is_shown_as_unset(typed: Typed, box: str) -> None:
    """StopTimeout, StopSignal and PublishAllPorts; and what was set as it was written."""
    template = "[{{json .Config.StopTimeout}},{{json .Config.StopSignal}},{{json .HostConfig.PublishAllPorts}}]"
    typed("create --name cpt", box, "true")
    assert _inspected(typed, template) == [None, "", False]
    typed("rm cpt")
    typed("create --name cpt --stop-timeout 0 --stop-signal 9 -P", box, "true")
    assert _inspected(typed, template) == [0, "9", True]


def test_a_working_folder_is_made_at_the_creation(typed: Typed, box: str) -> None:
    """It belongs to root; a file in its place is told at once, and no container is left."""
    typed("create --name cpt -w /a/b", box, "stat", "-c", "%u %a", ".")
    assert typed("cp cpt:/a -").code == 0
    assert {line for line in typed("diff cpt").lines if "/a" in line} == {"A /a", "A /a/b"}
    assert typed("start -a cpt").out == "0 755\n"
    if typed("create --name closed --read-only -w /a/b", box, "true").code == 0:  # a tier that can
        assert typed("cp closed:/a -").code == 0
        typed("rm closed")
    for path in ("/etc/passwd", "/etc/passwd/x"):
        done = typed("create --name other -w", path, box, "true")
        assert (done.code, f"Cannot mkdir: {path} is not a directory" in done.err) == (1, True), done.err
    assert typed("ps -aq").lines == typed("ps -aqf name=cpt").lines


def test_every_port_is_published_that_can_be(typed: Typed, box: str) -> None:
    """A UDP port is told, and keeps nobody from running."""
    done = typed("run --rm -P --expose 53/udp", box, "true")
    assert done.code == 0
    assert "not published: 53/udp: only TCP ports can be forwarded" in done.err


def test_exposed_ports_are_listed_while_a_container_runs(typed: Typed, box: str) -> None:
    """By protocol, neighbours as a range; in inspect without an address."""
    typed("run -d --name cpt --expose 90-92 --expose 80 --expose 99/udp --expose 98/udp", box, "sleep", "1000")
    assert typed("ps --format {{.Ports}}").out == "80/tcp, 90-92/tcp, 98-99/udp\n"
    assert _inspected(typed, "{{json .NetworkSettings.Ports}}")["99/udp"] is None
    typed("kill cpt")
    typed("wait cpt")
    assert typed("ps -a --format {{.Names}}:{{.Ports}}").out == "cpt:\n"


def test_with_the_hosts_network_written_out_the_name_is_the_hosts(typed: Typed, box: str) -> None:
    """Else the ID's beginning; a name that was given goes over both."""
    name = os.uname().nodename
    typed("create --network host --name cpt", box, "true")
    assert _inspected(typed, "[{{json .Config.Hostname}}]") == [name]
    assert f"HOSTNAME={name}\n" in typed("run --rm --network host", box, "env").out
    assert len(typed("run --rm", box, "sh", "-c", "echo $HOSTNAME").out) == 13
    assert typed("run --rm --network host --hostname other", box, "sh", "-c", "echo $HOSTNAME").out == "other\n"
    done = typed("create --hostname", "x" * 65, box, "true")
    assert (done.code, "the hostname is longer than 64 bytes" in done.err) == (1, True)


def test_a_hostname_with_dots_is_known_without_them(typed: Typed, box: str, tmp_path: Path) -> None:
    """And one that the machine's own file has already gets no second line."""
    from dockmagic.engine import Engine

    typed("create --name cpt --hostname a.b.c", box, "true")
    typed("create --name own --network host --hostname localhost", box, "true")
    with Engine() as engine:
        write_files(tmp_path, engine.containers.get("cpt").record)
        assert (tmp_path / "hosts").read_text().endswith("127.0.1.1\ta.b.c a\n")
        write_files(tmp_path, engine.containers.get("own").record)
        assert "127.0.1.1\tlocalhost" not in (tmp_path / "hosts").read_text()


def test_a_paused_container_is_not_started_and_not_removed(typed: Typed, box: str) -> None:
    """In docker's words; stopping it works."""
    typed("run -d --name cpt", box, "sleep", "1000")
    if typed("pause cpt").code:
        pytest.skip("this tier cannot pause")
    for line in ("start cpt", "start -a cpt"):
        done = typed(line)
        assert (done.code, "cannot start a paused container, try unpause instead" in done.err) == (1, True)
    done = typed("rm cpt")
    assert (done.code, "You cannot remove a paused container" in done.err) == (1, True)
    assert typed("stop -t 0 cpt").code == 0
    assert typed("start cpt").code == 0


def test_attach_needs_a_terminal_for_a_program_that_has_one(typed: Typed, box: str) -> None:
    """Docker's error where there is none; without input it is only looked at."""
    typed("run -dt --name cpt", box, "sleep", "1000")
    done = typed("attach cpt")
    assert (done.code, "the input device is not a TTY" in done.err) == (1, True)


@pytest.mark.parametrize("word", ["random", "", "1.5", "ALL", "-1", "all"])
def test_every_word_but_a_number_means_all_lines(typed: Typed, box: str, word: str) -> None:
    """``logs --tail random``: TestLogsTail."""
    typed("run --name cpt", box, "sh", "-c", "echo 1; echo 2; echo 3")
    assert typed(f"logs --tail={word} cpt").lines == ["1", "2", "3"]
    assert typed("logs --tail 2 cpt").lines == ["2", "3"]
    assert typed("logs --tail 0 cpt").lines == []


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('{"detachKeys": "ctrl-e,e"}', b"\x05e"),
        ("{}", b"\x10\x11"),
        ('{"detachKeys": ""}', b"\x10\x11"),
        ('{"detachKeys": 5}', b"\x10\x11"),
        ("[]", b"\x10\x11"),
        ("no JSON", b"\x10\x11"),
        (None, b"\x10\x11"),
    ],
)
def test_detach_keys_are_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, keys: bytes
) -> None:
    """``detachKeys`` of docker's config.json; one that cannot be read says nothing."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    assert configured_detach_keys() == keys


def test_configured_keys_leave_a_program(
    screen: Any, typed: Typed, box: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And keys that are none are told, with the file that has them."""
    (tmp_path / "config.json").write_text('{"detachKeys": "ctrl-x,x"}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with screen("run", "-it", "--name", "cpt", box, "sh") as shell:
        shell.type("echo re''ady\n")
        shell.expect("ready")
        shell.type("\x18x")
        assert shell.wait() == 0
    assert typed("inspect -f {{.State.Status}} cpt").out == "running\n"
    (tmp_path / "config.json").write_text('{"detachKeys": "no keys"}')
    with screen("attach", "cpt") as shell:
        assert "Invalid detach keys (no keys) provided" in shell.expect("config.json")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--name _bad", "Invalid container name (_bad), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
        ("--cap-add FOO", 'unknown capability: "'),
    ],
)
def test_what_cannot_be_is_told_in_dockers_words(typed: Typed, box: str, flags: str, words: str) -> None:
    """That its own tests look for."""
    done = typed(f"run --rm {flags}", box, "true")
    assert (done.code, words in done.err) == (125, True), done.err
