"""The variables that programs of a container find: docker's own, the configuration's, and those of a flag."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Typed = Callable[..., Any]


def _variables(text: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in text.splitlines())


@pytest.mark.parametrize("tty", [False, True])
def test_a_further_program_has_term_if_it_has_a_terminal_itself(typed: Typed, box: str, *, tty: bool) -> None:
    """Whether or not the container has one; what the flag says goes over it."""
    words = ["run -d --name cpt", *(["-t"] if tty else []), box, "sleep", "1000"]
    assert typed(*words).code == 0
    script = "echo ${TERM-none}"
    assert typed("exec cpt sh -c", script).out == "none\n"
    assert typed("exec -t cpt sh -c", script).out == "xterm\r\n"
    assert typed("exec -t -e TERM=vt100 cpt sh -c", script).out == "vt100\r\n"
    assert typed("exec -e TERM=vt100 cpt sh -c", script).out == "vt100\n"


def test_a_name_alone_takes_a_variable_away(typed: Typed, box: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it has no value here: the image's, docker's own, and for a further program the container's; in no commit."""
    typed("run --name base", box, "true")
    if typed("commit -c", "ENV FROM=image", "base", "with").code:
        pytest.skip("this tier cannot commit")
    monkeypatch.delenv("FROM", raising=False)
    monkeypatch.delenv("HOSTNAME", raising=False)
    assert "FROM" in _variables(typed("run --rm with env").out)
    found = _variables(typed("run --rm -e FROM -e HOSTNAME with env").out)
    assert found.keys().isdisjoint({"FROM", "HOSTNAME"})
    monkeypatch.setenv("FROM", "here")
    assert _variables(typed("run --rm -e FROM with env").out)["FROM"] == "here"
    monkeypatch.delenv("FROM")
    typed("run -d --name cpt -e OWN=1 -e FROM with sleep 1000")
    assert _variables(typed("exec cpt env").out).keys() >= {"OWN", "PATH"}
    assert "FROM" not in _variables(typed("exec cpt env").out)
    monkeypatch.delenv("OWN", raising=False)
    assert "OWN" not in _variables(typed("exec -e OWN cpt env").out)
    assert typed("commit cpt made").code == 0
    assert json.loads(typed("inspect made").out)[0]["Config"]["Env"] == ["OWN=1"]


def test_an_empty_home_is_the_accounts(typed: Typed, box: str) -> None:
    """As no HOME is; another one stays."""
    assert _variables(typed("run --rm -e HOME=", box, "env").out)["HOME"] == "/root"
    assert _variables(typed("run --rm -e HOME=/x", box, "env").out)["HOME"] == "/x"
    typed("run -d --name cpt -e HOME=/x", box, "sleep", "1000")
    assert _variables(typed("exec -e HOME= cpt env").out)["HOME"] == "/root"


def test_inspect_shows_what_was_configured(typed: Typed, box: str) -> None:
    """Not docker's own variables: those of the flags, each once, and then the image's."""
    typed("create -t --name cpt -e A=1 -e B= -e A=2", box, "true")
    assert json.loads(typed("inspect -f", "{{json .Config.Env}}", "cpt").out) == ["A=2", "B="]
