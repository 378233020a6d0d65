"""What stands on the verbs, and what is collected of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockmagic import commands
from dockmagic.commands.cmdline import index
from dockmagic.commands.cmdline.incomplete import read_unfinished
from dockmagic.commands.cmdline.invocation import bind
from dockmagic.commands.cmdline.parameters import kinds_of
from dockmagic.commands.cmdline.reindex import index_source
from dockmagic.commands.cmdline.table import NOUNS, VERBS, load


def test_the_index_is_what_stands_on_the_verbs() -> None:
    """``python -m dockmagic.commands.cmdline.reindex`` has been run since one of them changed."""
    written: dict[str, object] = {}
    exec(compile(index_source(), "index.py", "exec"), written)  # noqa: S102  (our own module, as it would be written)
    for name in index.__all__:
        assert getattr(index, name) == written[name], name


def test_the_folder_of_commands_holds_one_file_for_each_verb() -> None:
    """Each is in the table under the name that stands on it; what verbs share has folders of its own."""
    folder = Path(commands.__path__[0])
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(VERBS.values())
    assert not [path for path in folder.glob("*/*.py") if "\n@verb(" in path.read_text()]
    assert all(load(name).name == name for name in VERBS)


@pytest.mark.parametrize("name", VERBS)
def test_metadata_speaks_of_parameters_that_there_are(name: str) -> None:
    """Of a cell's text, of a transfer, and in noun forms."""
    verb = load(name)
    parameters = {parameter.name for parameter in verb.params}
    assert all(alias.split()[0] in NOUNS for alias in verb.aliases)
    if verb.cell is not None:
        assert {parameter for parameter, _ in verb.cell.read_by} | set(verb.cell.defaults) <= parameters
    if verb.transfer is not None:
        assert {verb.transfer.of, *verb.transfer.silent} <= parameters


@pytest.mark.parametrize("name", VERBS)
def test_arguments_that_usage_calls_images_or_containers_complete_as_such(name: str) -> None:
    """A positional parameter whose name says what it is has that kind."""
    for parameter in load(name).params:
        if parameter.param_type_name == "argument":
            said = str(getattr(parameter, "metavar", None) or parameter.name).upper()
            for word in ("CONTAINER", "VOLUME", "IMAGE"):
                if word in said and name != "volume create":
                    assert word.lower() in kinds_of(parameter), parameter.name


@pytest.mark.parametrize(
    ("line", "word", "parameter", "values"),
    [
        ("pull", "ub", "name", {}),
        ("run --rm -v", "da", "volumes", {"rm": True}),
        ("run -v x:y box sh -c", "pri", "words", {"image": "box", "words": ("sh", "-c"), "volumes": ["x:y"]}),
        ("container exec -it", "we", "name", {"tty": True}),
        ("image build -t a", "--target=re", "target", {"tags": ["a"]}),
        ("build -f d/Dockerfile --target", "", "target", {"dockerfile": "d/Dockerfile"}),
        ("diff a", "b", "new", {"old": "a"}),
        ("diff a b", "c", None, {}),
        ("images --all=perhaps", "x", None, {}),
    ],
)
def test_an_unfinished_line_tells_what_the_next_word_is_for(
    line: str, word: str, parameter: str | None, values: dict[str, object]
) -> None:
    """With what is bound so far."""
    found = read_unfinished(line.split(), word, prog="dockmagic")
    assert (found.parameter.name if found.parameter else None) == parameter
    assert {key: found.values[key] for key in values} == values


def test_a_call_knows_what_was_written_and_what_its_parameters_name() -> None:
    """And a change of it is another call."""
    call = bind(["image", "save", "-o", "x.tar", "app"])
    assert (call.name, call.words) == ("save", ("image", "save", "-o", "x.tar", "app"))
    assert call.is_written("output")
    assert not call.is_written("form")
    assert (list(call.of_kind("host path")), list(call.of_kind("image"))) == (["output"], ["names"])
    changed = call.replace(output="y.tar")
    assert (changed.parameters["output"], call.parameters["output"]) == ("y.tar", "x.tar")
