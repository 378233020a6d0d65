"""A line of a cell becomes arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockmagic.notebook.magics.cell_flags import bind_line
from dockmagic.notebook.magics.line import arguments, commands, expand_text
from dockmagic.oci.errors import InvalidInput

NAMES = {"tag": "my image", "port": 5000, "where": Path("/srv/data"), "flag": True, "rate": 1.5, "list": [1]}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pull ubuntu", ["pull", "ubuntu"]),
        ("images --format '{{json .}}'", ["images", "--format", "{{json .}}"]),
        ('images --format "table {{.ID}}\\t{{.Size}}"', ["images", "--format", "table {{.ID}}\\t{{.Size}}"]),
        ("run busybox sh -c 'echo $HOME | wc'", ["run", "busybox", "sh", "-c", "echo $HOME | wc"]),
        (r"search a\ b", ["search", "a b"]),
        ("tag a b  # a comment", ["tag", "a", "b"]),
        ("tag a#1 b", ["tag", "a#1", "b"]),
        ("layers ubuntu[0:3]", ["layers", "ubuntu[0:3]"]),
        ("tag ''", ["tag", ""]),
        ("save -o $(pwd)/x", ["save", "-o", "$(pwd)/x"]),
    ],
)
def test_words_are_split_as_a_shell_splits_them(line: str, expected: list[str]) -> None:
    """Quotes, backslashes and comments mean what they mean in a shell."""
    assert arguments(line, {}) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pull {tag}", ["pull", "my image"]),
        ("pull localhost:{port}/app", ["pull", "localhost:5000/app"]),
        ('pull "{tag}"', ["pull", "my image"]),
        ("pull '{tag}'", ["pull", "{tag}"]),
        ("pull ${tag}", ["pull", "${tag}"]),
        ("pull {{tag}}", ["pull", "{{tag}}"]),
        (r"pull \{tag}", ["pull", "{tag}"]),
        ("pull {unknown}", ["pull", "{unknown}"]),
        ("pull {print}", ["pull", "{print}"]),
        ("pull {flag} {rate} {list}", ["pull", "{flag}", "{rate}", "{list}"]),
        ("save -o {where}", ["save", "-o", "/srv/data"]),
        ("files app /{a,b}", ["files", "app", "/{a,b}"]),
    ],
)
def test_a_variable_is_one_argument(line: str, expected: list[str]) -> None:
    """Text, whole numbers and paths are put in after splitting; everything else stays as it was written."""
    assert arguments(line, NAMES) == expected


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("images | grep x", "x.text"),
        ("images > list.txt", "write x.text to a file"),
        ("images 2>&1", "Leave it out"),
        ("pull a && pull b", "a line of its own"),
        ("rmi $(docker images -q)", "write {x} in its place"),
        ("rmi `docker images -q`", "write {x} in its place"),
        ("pull a; pull b", "a line of its own"),
        ("pull a &", "Leave it out"),
        ("load < image.tar", "-i FILE"),
    ],
)
def test_what_only_a_shell_can_do_says_what_to_write_instead(line: str, instead: str) -> None:
    """Nobody is left alone with an unknown argument |."""
    with pytest.raises(InvalidInput) as raised:
        arguments(line, {})
    assert instead in raised.value.hint


def test_an_open_quotation_mark_is_an_error() -> None:
    """It would swallow the rest of the line."""
    with pytest.raises(InvalidInput, match="not closed"):
        arguments("pull 'ubuntu", {})


def test_a_cell_of_commands_may_be_pasted_from_a_book() -> None:
    """Prompts, sudo and docker are dropped, comments and empty lines left out, lines continued."""
    body = "$ sudo docker pull ubuntu\n\n# a comment\ndocker images\n  layers \\\n   ubuntu\n# docker tag a b\n"
    assert [line.split() for line in commands(body)] == [
        ["pull", "ubuntu"],
        ["images"],
        ["layers", "ubuntu"],
        ["tag", "a", "b"],
    ]


@pytest.mark.parametrize(
    ("line", "name", "bound", "into", "expand", "check"),
    [
        ("load --into img -q", "load", {"quiet": True}, "img", False, True),
        ("--into=img", "", {}, "img", False, True),
        ("images --expand app", "images", {"pattern": "app"}, "", True, True),
        (
            "run --into r --name x -i busybox cat --into y",
            "run",
            {"name": "x", "image": "busybox", "words": ("cat", "--into", "y")},
            "r",
            False,
            True,
        ),
        ("exec --check=false c false --check", "exec", {"words": ("false", "--check")}, "", False, False),
        ("--check=0 container run busybox", "run", {"image": "busybox"}, "", False, False),
        ("--check container run --check=F busybox", "run", {"image": "busybox"}, "", False, False),
        ("build --check .", "build", {"check": True}, "", False, True),
        ("image save -- --into x", "save", {"names": ("--into", "x")}, "", False, True),
    ],
)
def test_flags_of_the_cell_are_parsed_with_those_of_the_command(
    line: str, name: str, bound: dict[str, object], into: str, *, expand: bool, check: bool
) -> None:
    """They belong to the cell, not to the command; after ``--`` and in a program's own command line nothing does."""
    call, own = bind_line(line.split())
    assert (own.into, own.expand, own.check) == (into, expand, check)
    assert (call.name if call else "") == name
    assert ({key: call.parameters[key] for key in bound} if call else {}) == bound


@pytest.mark.parametrize("line", ["load --into", "load --into 1x", "exec --wait soon c", "exec --check=maybe c"])
def test_flags_of_the_cell_want_good_values(line: str) -> None:
    """Each mistake is a clear line."""
    with pytest.raises(InvalidInput, match=r"needs|invalid"):
        bind_line(line.split())


def test_a_body_is_expanded_like_a_word() -> None:
    """Dollar signs and double braces keep what is the shell's or a template's."""
    assert expand_text("FROM {tag}\nRUN echo ${tag} {{tag}}", NAMES) == "FROM my image\nRUN echo ${tag} {{tag}}"
