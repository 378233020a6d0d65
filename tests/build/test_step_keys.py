"""A step's key holds the whole of its instruction: each field changes it, or is named with the reason why not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from dockmagic.builder.caching.cache import Key
from dockmagic.builder.caching.keys import NOT_IN_KEY, of_instruction, of_mount
from dockmagic.dockerfile import Argument, Device, Heredoc, Instruction, MountSpec, Pair, RunMount, instructions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_harness import Builder

#: What a FROM begins with is looked up by the image's digest: it makes no step of the cache.
_INSTRUCTIONS = [getattr(instructions, name) for name in instructions.__all__ if name != "From"]
_NAMES = {
    "Argument": Argument, "Device": Device, "Heredoc": Heredoc, "MountSpec": MountSpec, "Pair": Pair,
    "Instruction": Instruction, "Callable": Callable,
}  # fmt: skip

_SIMPLE: dict[Any, tuple[Any, Any]] = {bool: (True, False), int: (11, 12), str: ("one", "other")}


def _hints(kind: type) -> dict[str, Any]:
    # What is imported for the type checker alone is not in the modules.
    return get_type_hints(kind, vars(sys.modules[kind.__module__]) | _NAMES)


def _two(hint: Any) -> tuple[Any, Any]:
    """Two values of a type, neither of them a default."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union):
        return _two(next(each for each in arguments if each is not type(None)))
    if origin is Literal:
        return arguments[-1], arguments[-2]
    if origin is tuple:
        one, other = _two(arguments[0])
        return (one, other), (other, other)
    if hint is Instruction:
        hint = instructions.User
    return _SIMPLE[hint] if hint in _SIMPLE else (_made(hint), next(other for _, other in _changed(hint)))


def _made(kind: type, **given: Any) -> Any:
    return kind(**{name: _two(hint)[0] for name, hint in _hints(kind).items()} | given)


def _changed(kind: type) -> Iterator[tuple[str, Any]]:
    """One of a kind with each of its fields changed."""
    for name, hint in _hints(kind).items():
        yield name, _made(kind, **{name: _two(hint)[1]})


def _reason(kind: type, field: str) -> str:
    return next((NOT_IN_KEY[base][field] for base in kind.__mro__ if field in NOT_IN_KEY.get(base, {})), "")


def _digest(instruction: Instruction) -> str:
    return Key(tuple(of_instruction(instruction))).digest


@pytest.mark.parametrize("kind", _INSTRUCTIONS, ids=lambda kind: kind.__name__)
def test_each_field_of_an_instruction_is_in_its_key(kind: type[Instruction]) -> None:
    """Or in the list of those that are not."""
    made = _made(kind)
    for name, other in _changed(kind):
        assert getattr(made, name) != getattr(other, name), name
        assert (_digest(made) == _digest(other)) is bool(_reason(kind, name)), name


@pytest.mark.parametrize("kind", _INSTRUCTIONS, ids=lambda kind: kind.__name__)
def test_a_flag_that_is_given_differs_from_one_that_is_not(kind: type[Instruction]) -> None:
    """Also where it says no, and the default is neither."""
    made = _made(kind)
    defaults = dict(zip(reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False))
    for name, default in defaults.items():
        if default is msgspec.NODEFAULT or _reason(kind, name):
            continue
        values = {default, *_two(_hints(kind)[name])}
        digests = {_digest(msgspec.structs.replace(made, **{name: value})) for value in values}
        assert len(digests) == len(values), name


@pytest.mark.parametrize(
    ("kind", "field"),
    [(instructions.Run, "heredocs"), (instructions.Copy, "heredocs"), (instructions.Add, "heredocs"),
     (instructions.Run, "devices"), (instructions.Env, "pairs"), (instructions.Label, "pairs")],
)  # fmt: skip
def test_each_member_of_what_an_instruction_holds_is_in_its_key(kind: type[Instruction], field: str) -> None:
    """A heredoc's text and how it is read, a pair's key and value."""
    (member, *_) = get_args(_hints(kind)[field])
    made = _made(kind, **{field: (_made(member),)})
    for name, other in _changed(member):
        same = _digest(made) == _digest(_made(kind, **{field: (other,)}))
        assert same is bool(_reason(member, name)), name


def test_each_member_of_a_mount_is_in_the_key() -> None:
    """Its target, mode, owner, size and the rest; what it shows is a part of its own."""
    made = _made(RunMount)
    for name, other in _changed(RunMount):
        assert (of_mount(made) == of_mount(other)) is bool(_reason(RunMount, name)), name


def test_the_kind_of_instruction_is_in_the_key() -> None:
    """What COPY does, ADD does not."""
    common = {"lines": (1, 1), "keyword": "X", "original": "X", "sources": ("a",), "dest": "/"}
    assert _digest(instructions.Copy(**common)) != _digest(instructions.Add(**common))
    words = {"lines": (1, 1), "keyword": "X", "original": "X", "words": ("a",), "shell": True}
    assert _digest(instructions.Cmd(**words)) != _digest(instructions.Entrypoint(**words))


def test_sources_are_told_apart_from_each_other() -> None:
    """Two names are not one with a space in it."""
    common = {"lines": (1, 1), "keyword": "COPY", "original": "", "dest": "/"}
    texts = (("a", "b"), ("a b",), ("b", "a"), ('["a","b"]',))
    assert len({_digest(instructions.Copy(sources=text, **common)) for text in texts}) == len(texts)


def test_the_list_of_fields_that_are_not_in_a_key_names_fields() -> None:
    """With a reason each."""
    for kind, reasons in NOT_IN_KEY.items():
        assert reasons.keys() <= _hints(kind).keys()
        assert all(reasons.values())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("COPY --from=one /f /g", "COPY --from=two /f /g"),
        ("WORKDIR /a\nWORKDIR x", "WORKDIR /b\nWORKDIR x"),
        ("ARG A=1\nLABEL a=$A", "ARG A=2\nLABEL a=$A"),
        ("ONBUILD USER a", "ONBUILD USER b"),
        ("ENV A=1", "ENV A=2"),
        ("COPY <<-'EOF' /f\n\ta\nEOF", "COPY <<'EOF' /f\n\ta\nEOF"),
    ],
)
def test_what_stands_in_for_a_field_is_in_the_key(plain: Builder, before: str, after: str) -> None:
    """The content of ``--from``, the whole path of a WORKDIR, the value of an ARG, the text of an ONBUILD."""
    stages = "FROM scratch AS one\nCOPY f /f\nFROM scratch AS two\nCOPY g /f\nFROM scratch\n"
    plain(stages + before, {"f": "f", "g": "g"})
    plain(stages + before)
    steps = len(before.splitlines()) if "<<" not in before else 1
    assert set(plain.outcomes[-steps:]) == {"cached"}
    plain(stages + after)
    assert plain.outcomes[-steps:] == ["done"] * steps


def test_what_only_names_a_source_or_checks_it_does_not_do_a_step_again(plain: Builder) -> None:
    """Another name for the same stage, a comment, the case of a keyword, a space in ENV."""
    files = {"f": "f"}
    plain("FROM scratch AS one\nCOPY f /f\nFROM scratch\nCOPY --from=one /f /g\nENV A=1", files)
    plain("FROM scratch AS other\n# why\ncopy f /f\n\nFROM scratch\nCOPY --from=other /f /g\nENV A 1")
    assert plain.outcomes == ["done", "cached", "done", "cached", "cached"]
