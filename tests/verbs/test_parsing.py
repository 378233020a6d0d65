"""Command lines as docker users type them: what is understood, and what the refusals say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from dockmagic.commands.cmdline.context import CommandContext
from dockmagic.commands.cmdline.help_text import help_text
from dockmagic.commands.cmdline.invoke import invoke
from dockmagic.commands.cmdline.result import Document, Table, Text
from dockmagic.commands.cmdline.routing import find
from dockmagic.commands.cmdline.table import ALIASES, NOUNS, VERBS, load
from dockmagic.commands.cmdline.usage_error import UsageMistake
from dockmagic.engine import Engine
from dockmagic.oci.errors import DockmagicError, NotSupported

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ctx(tmp_path: Path) -> CommandContext:
    """A context with an empty home."""
    return CommandContext(Engine(tmp_path / "home"))


@pytest.mark.parametrize("called", [*VERBS, *ALIASES])
def test_every_verb_and_alias_shows_help_with_its_usage(ctx: CommandContext, called: str) -> None:
    """VERB --help asks nobody, and names the command as it was typed."""
    result = invoke(ctx, [*called.split(), "--help"])
    assert isinstance(result, Text)
    assert result.text.startswith(f"Usage:  dockmagic {called} ".rstrip())
    assert "\nExamples:\n" in result.text


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_a_summary_and_examples_of_itself(name: str) -> None:
    """The examples are command lines of that verb."""
    verb = load(name)
    assert verb.help
    assert verb.examples
    assert all(line.split()[: len(name.split())] == name.split() for line, _ in verb.examples)


@pytest.mark.parametrize("name", VERBS)
def test_every_flag_says_what_it_does(name: str) -> None:
    """A flag without help is a flag that nobody finds."""
    for parameter in load(name).params:
        if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False):
            assert getattr(parameter, "help", ""), parameter.name


def test_every_noun_lists_its_verbs(ctx: CommandContext) -> None:
    """`image` alone is a question, and gets an answer."""
    for noun in NOUNS:
        result = invoke(ctx, [noun])
        assert isinstance(result, Text)
        assert result.text.startswith(f"Usage:  dockmagic {noun} COMMAND")


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_verb(ctx: CommandContext, argv: list[str]) -> None:
    """However it is asked for."""
    result = invoke(ctx, argv)
    assert isinstance(result, Text)
    assert all(f"\n  {name} " in result.text for name in VERBS)


def test_aliases_are_the_same_command() -> None:
    """`image ls` is `images`."""
    for alias, name in ALIASES.items():
        assert find(alias.split(), prog="x")[1] is load(name)


@pytest.mark.parametrize(
    "argv",
    [
        ["images", "-a", "-q"],
        ["images", "-aq"],
        ["images", "--all=true", "--quiet=1"],
        ["images", "-q=T"],
        ["images", "--filter", "dangling=true", "-q"],
        ["images", "-f=dangling=false", "--quiet"],
        ["images", "ubuntu", "-q"],
        ["image", "ls", "--no-trunc=false", "-q"],
    ],
)
def test_flags_are_written_as_gos_flags_are(ctx: CommandContext, argv: list[str]) -> None:
    """Together, apart, with = and a value, before and after the arguments."""
    assert invoke(ctx, argv) == Text("")


def test_a_flag_with_false_is_off_again(ctx: CommandContext) -> None:
    """The last one counts."""
    result = invoke(ctx, ["images", "-q", "--quiet=false"])
    assert isinstance(result, Table)


@pytest.mark.parametrize(
    ("argv", "message", "suggestion", "code"),
    [
        (["images", "--fromat", "x"], "unknown flag: --fromat", "--format", 125),
        (["images", "-z"], "unknown shorthand flag: -z", "images --help", 125),
        (["images", "--format"], "flag needs an argument: --format", "images --help", 125),
        (["images", "--all=maybe"], "invalid argument 'maybe' for --all flag", "true or false", 125),
        (["search", "--limit", "many", "x"], "invalid argument for --limit", "search --help", 125),
        (["pull"], '"dockmagic pull" requires exactly 1 argument', "pull --help", 1),
        (["pull", "a", "b"], '"dockmagic pull" requires exactly 1 argument', "pull --help", 1),
        (["images", "a", "b"], '"dockmagic images" requires at most 1 argument', "images --help", 1),
        (["rmi"], '"dockmagic rmi" requires at least 1 argument', "rmi --help", 1),
        (["version", "x"], '"dockmagic version" requires no arguments', "version --help", 1),
        (["tag", "a"], '"dockmagic tag" requires exactly 2 arguments', "tag --help", 1),
        (["imges"], "unknown command: dockmagic imges", "Did you mean dockmagic images?", 1),
        (["ls"], "unknown command: dockmagic ls", "Did you mean dockmagic ps or dockmagic images or", 1),
        (["image", "lss"], "unknown command: dockmagic image lss", "Did you mean dockmagic image ls?", 1),
        (["xyzzy"], "unknown command: dockmagic xyzzy", "See dockmagic --help", 1),
        (["--frobnicate"], "unknown flag: --frobnicate", "dockmagic --help", 125),
    ],
)
def test_mistakes_are_one_line_with_the_usage_and_a_suggestion(
    ctx: CommandContext, argv: list[str], message: str, suggestion: str, code: int
) -> None:
    """In docker's words, with docker's exit codes."""
    with pytest.raises(UsageMistake) as caught:
        invoke(ctx, argv)
    mistake = caught.value
    assert mistake.message.startswith(message)
    assert suggestion in str(mistake)
    assert "\n" not in str(mistake)
    assert mistake.usage.startswith("dockmagic")
    assert mistake.exit_code == code


@pytest.mark.parametrize(
    "line",
    [
        "stats",
        "container stats web",
        "update -m 1g web",
        "checkpoint create web c1",
        "run --privileged ubuntu",
        "run --gpus all ubuntu",
        "run --device /dev/fuse ubuntu",
        "run --restart=always ubuntu",
        "run --link db ubuntu",
        "run --cgroup-parent x ubuntu",
        "create --log-driver none ubuntu",
        "exec --privileged web sh",
        "rm -l web",
        "buildx bake",
        "compose up -d",
        "network create n",
        "swarm init",
        "service ls",
        "stack deploy x",
        "context use x",
        "events",
        "plugin install x",
        "trust sign x",
        "scout cves x",
        "system events",
        "-H tcp://host:2375 images",
        "--context x images",
        "pull --gpus all x",
        "images --tls-verify",
    ],
)
def test_what_docker_has_and_dockmagic_has_not_is_refused_by_name(ctx: CommandContext, line: str) -> None:
    """With the reason, and with what to do instead."""
    with pytest.raises(NotSupported) as caught:
        invoke(ctx, line.split())
    assert "is not supported: " in caught.value.message
    assert caught.value.hint


def test_a_refused_verb_is_named_as_it_was_typed(ctx: CommandContext) -> None:
    """`network create`, not `network`."""
    with pytest.raises(NotSupported, match=r"^network create is not supported"):
        invoke(ctx, ["network", "create", "x"])


def test_the_program_is_called_as_the_front_door_calls_it(tmp_path: Path) -> None:
    """In a notebook, the usage begins with %docker."""
    with pytest.raises(UsageMistake) as caught:
        invoke(CommandContext(Engine(tmp_path), prog="%docker"), ["pull"])
    assert caught.value.usage == "%docker pull [OPTIONS] NAME[:TAG|@DIGEST]"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["images", "--filter", "size=3"], "invalid filter 'size'"),
        (["images", "--filter", "dangling"], "bad format of filter"),
        (["images", "--filter", "dangling=perhaps"], "invalid filter 'dangling=perhaps'"),
        (["images", "--filter", "until=yesterday"], "is no time"),
        (["images", "--filter", "before=nosuch"], "nosuch"),
        (["images", "--format", "{{.Nope"], "unclosed action"),
        (["images", "--tree", "x"], "--tree shows all images"),
        (["pull", "-a", "ubuntu:1"], "can't be used with --all-tags"),
        (["pull", "Ubuntu"], "invalid reference format: repository name 'Ubuntu' must be lowercase"),
        (["pull", "--platform", "a/b/c/d", "ubuntu"], "not a platform"),
        (["push", "ubuntu@sha256:" + "a" * 64], "cannot be pushed to"),
        (["push", "nosuch/image"], "does not exist locally with the tag: nosuch/image:latest"),
        (["tag", "nosuch", "x"], "nosuch"),
        (["rmi", "nosuch"], "nosuch"),
        (["load", "-i", "/nosuch/file"], "there is no file"),
        (["import", "/nosuch/file"], "there is no file"),
        (["import", "https://example.com/x.tar"], "not URLs"),
        (["import", "-c", "RUN x", "/dev/null"], "no valid change"),
        (["save", "--format", "zip", "x"], "no archive format"),
        (["save", "nosuch"], "nosuch"),
        (["inspect", "--type", "network", "x"], "nothing of type network"),
        (["search", "--filter", "x=1", "y"], "invalid filter"),
        (["login", "--password-stdin"], "--username"),
        (["login"], "somebody to ask"),
        (["login", "-u", "me", "http://[::"], "not the address of a registry"),
        (["login", "-u", "me", "good.example@evil.example"], "not the address of a registry"),
    ],
)
def test_impossible_input_is_one_clear_line(ctx: CommandContext, argv: list[str], message: str) -> None:
    """Before any registry is asked, and with the next thing to do."""
    with pytest.raises(DockmagicError) as caught:
        invoke(ctx, argv)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_created_by_looking(tmp_path: Path) -> None:
    """Lists of an empty home leave no folder behind."""
    ctx = CommandContext(Engine(tmp_path / "home"))
    for line in ("images", "info", "version", "images --tree", "system df"):
        invoke(ctx, line.split())
    assert not [path for path in tmp_path.iterdir() if path.name != "runtime"]  # the tests' own


def test_a_new_home_is_told_the_ways_to_run(tmp_path: Path) -> None:
    """Before the first pull, when it is asked for most; the trial leaves nothing behind."""
    found = invoke(CommandContext(Engine(tmp_path / "deep" / "home")), ["info"])
    assert isinstance(found, Document)
    assert "Ways to run containers:" in found.text
    assert not [path for path in tmp_path.iterdir() if path.name != "runtime"]  # the tests' own


@pytest.mark.parametrize("name", ["run", "create", "build"])
def test_the_flags_that_are_used_come_first_in_help(name: str) -> None:
    """A dozen of them before the other fifty, and each flag once."""
    verb = load(name)
    text = help_text(verb, f"dockmagic {name}")
    common, further = text.partition("Common options:")[2].split("Further options:")
    assert 8 < len(common.strip().splitlines()) < 16
    assert "-t, " in common
    options = [one for one in verb.params if isinstance(one, click.Option) and not one.hidden]
    assert len(common.strip().splitlines()) + len(further.strip().splitlines()) == len(options)


@pytest.mark.parametrize("name", VERBS)
def test_common_flags_are_flags_that_help_shows(name: str) -> None:
    """None is mistyped or hidden."""
    shown = {flag for one in load(name).params if not getattr(one, "hidden", False) for flag in one.opts}
    assert set(load(name).common) <= shown
