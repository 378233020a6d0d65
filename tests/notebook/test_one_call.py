"""Every command line is the same call, by whichever front end, noun form or alias it comes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dockmagic import cli
from dockmagic.commands.cmdline.invocation import Invocation, bind
from dockmagic.commands.cmdline.result import Nothing
from dockmagic.commands.cmdline.table import ALIASES, CELL_MAGICS, MAGICS, VERBS, load
from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from dockmagic.commands.cmdline.context import CommandContext

    Called = tuple[str, Mapping[str, Any]]

#: Every verb by its own name and by all others.
FORMS = [(form, ALIASES.get(form, form)) for form in [*VERBS, *ALIASES]]
_DOCKERFILE = "FROM scratch\n"


def examples(name: str) -> list[str]:
    """What its help shows, without the verb, and without what only a shell can do."""
    return [re.sub(r" > [\w.]+$", "", line.removeprefix(name)).strip() for line, _ in load(name).examples]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Called]:
    """What is called, in order, instead of doing it."""
    seen: list[Called] = []

    def run(call: Invocation, _ctx: CommandContext) -> Nothing:
        seen.append((call.name, dict(call.parameters)))
        return Nothing()

    monkeypatch.setattr(Invocation, "run", run)
    monkeypatch.chdir(tmp_path)
    return seen


def typed(line: str) -> list[str]:
    """The words that a shell makes of a line."""
    return [word.replace("$PWD", str(Path.cwd())) for word in shlex.split(line)]


def text_for(name: str, words: list[str]) -> str:
    """A text for the cell above which the call stands, if it reads one."""
    cell, bound = load(name).cell, bind([*name.split(), *words]).parameters
    reads = cell is not None and any(bound[parameter] == value for parameter, value in cell.read_by)
    return "text\n" if reads else "\n"


@pytest.mark.parametrize(("form", "name"), FORMS)
def test_a_command_line_is_one_call_wherever_it_stands(
    shell: InteractiveShell, calls: list[Called], form: str, name: str
) -> None:
    """In a terminal, in %docker, in %%docker above a text, and on a line below %%docker: verb and parameters."""
    for example in examples(name):
        command, words = f"{form} {example}".strip(), typed(example)
        cli.main([*form.split(), *words])
        shell.run_line_magic("docker", command)
        shell.run_cell_magic("docker", "", f"# as a book prints it\n$ sudo docker {command}\n")
        if name != "build":  # whose text is the Dockerfile, see below
            shell.run_cell_magic("docker", command, text_for(name, words))
        bound = bind([*name.split(), *words]).parameters
        assert calls == [(name, bound)] * len(calls), command
        assert len(calls) == (3 if name == "build" else 4)
        calls.clear()


@pytest.mark.parametrize("name", MAGICS)
def test_a_short_magic_is_the_same_call(shell: InteractiveShell, calls: list[Called], name: str) -> None:
    """``%pull`` is ``%docker pull``."""
    for example in examples(name):
        shell.run_line_magic(name, example)
        assert calls.pop() == (name, bind([name, *typed(example)]).parameters)


@pytest.mark.parametrize("form", [form for form, name in FORMS if name == "build"])
@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("-t app .", (".", "-")),
        ("-t app", ("-", None)),
        ("-t app -", ("-", None)),
        ("-f - ..", ("..", "-")),
        ("-f -", ("-", None)),
    ],
)
def test_the_text_of_a_cell_is_a_builds_dockerfile_by_every_name(
    shell: InteractiveShell, calls: list[Called], form: str, line: str, read: tuple[str, str]
) -> None:
    """The folder's own is not built in its place; without a context there is none."""
    shell.run_cell_magic("docker", f"{form} {line}", _DOCKERFILE)
    if form in CELL_MAGICS:
        shell.run_cell_magic(form, line, _DOCKERFILE)
    for name, bound in calls:
        assert (name, bound["context"], bound["dockerfile"]) == ("build", *read)
    assert len(calls) == 1 + (form in CELL_MAGICS)


@pytest.mark.parametrize(
    ("line", "name", "bound"),
    [
        ("image pull ubuntu --platform linux/amd64", "pull", {"name": "ubuntu", "platform": "linux/amd64"}),
        ("container run -it --rm=false -e A=1 -- box ls -l", "run", {"image": "box", "words": ("ls", "-l")}),
        ("buildx build --tag=a -tb -f - dir", "build", {"tags": ("a", "b"), "context": "dir", "dockerfile": "-"}),
        ("volume remove -f=1 a b", "volume rm", {"names": ("a", "b"), "force": True}),
        ("container ls -aq --no-trunc", "ps", {"everything": True, "quiet": True, "whole": True}),
        ("image --help", "help", {"words": ("image",)}),
        ("image ls -a --help", "help", {"words": ("image", "ls")}),
        ("--version", "version", {"short": True}),
    ],
)
def test_what_is_bound_is_what_was_written(
    shell: InteractiveShell, calls: list[Called], line: str, name: str, bound: dict[str, Any]
) -> None:
    """Written by hand for a few, in all four places."""
    cli.main(line.split())
    shell.run_line_magic("docker", line)
    shell.run_cell_magic("docker", "", line)
    shell.run_cell_magic("docker", line, "text\n" if name == "run" else "\n")
    assert [called for called, _ in calls] == [name] * 4
    for _, parameters in calls:
        assert {key: parameters[key] for key in bound} == bound


def test_flags_of_the_cell_are_not_the_verbs(shell: InteractiveShell, calls: list[Called]) -> None:
    """They do their work in the line, above a text and below %%docker, and the verb never sees them."""
    shell.run_line_magic("docker", "image ls --into a -q")
    shell.run_cell_magic("docker", "--into b images -q", "\n")
    shell.run_cell_magic("docker", "", "images --into c --check=false -q")
    shell.run_cell_magic("docker", "--into d", "images -q\nimages -q")
    assert calls == [("images", bind(["images", "-q"]).parameters)] * 5
    assert {"a", "b", "c", "d"} <= set(shell.user_ns)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("pull ubuntu", "each line is a command"),
        ("run busybox cat", "Write -i, or"),
        ("container exec box sh", "Write -i, or"),
        ("attach --no-stdin box", "Leave --no-stdin out"),
        ("load -i x.tar", "Write -i -, or"),
        ("import x.tar app", "Write - as"),
    ],
)
def test_a_text_that_nothing_reads_is_told(
    shell: InteractiveShell, calls: list[Called], line: str, instead: str
) -> None:
    """It would be lost without a word."""
    with pytest.raises(InvalidInput, match="reads nothing") as caught:
        shell.run_cell_magic("docker", line, "some text\n")
    assert instead in caught.value.hint
    assert calls == []
