"""Errors: one line, what to do next, and the same in another process."""

from __future__ import annotations

import copy
import inspect
import json
import pickle

import pytest

from dockmagic.oci import errors
from dockmagic.oci.error_codec import decode_error, encode_error
from dockmagic.oci.errors import DockmagicError, RateLimited, RegistryError

KINDS = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, DockmagicError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_one_line_with_its_hint(kind: type[DockmagicError]) -> None:
    """Line breaks and runs of blanks, which come from servers, never reach the message."""
    error = kind("the registry said:\n  no\t such   thing", hint="Ask again")
    assert str(error) == "the registry said: no such thing. Ask again."


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_goes_to_another_process_and_back(kind: type[DockmagicError]) -> None:
    """Class, text and hint survive pickling and copying."""
    error = kind("broken", hint="Mend it")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own bytes
        assert type(again) is kind
        assert (str(again), again.message, again.hint, again.args) == (str(error), "broken", "Mend it", error.args)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_does_not_change_once_it_is_made(kind: type[DockmagicError]) -> None:
    """Who knows more on its way out makes another one, which has the same traceback and cause."""
    cause = ValueError("why")
    try:
        raise kind("broken", hint="Mend it") from cause
    except DockmagicError as caught:
        error = caught
    for name in ("message", "hint", "exit_code", "word"):
        with pytest.raises(AttributeError, match="does not change"):
            setattr(error, name, "other")
    revised = error.revised(word="a.py", exit_code=125)
    assert (error.word, error.exit_code) == ("", kind.exit_code)
    assert (type(revised), str(revised), revised.word, revised.exit_code) == (kind, str(error), "a.py", 125)
    assert revised.__traceback__ is error.__traceback__
    assert revised.__cause__ is cause
    again = pickle.loads(pickle.dumps(revised))  # noqa: S301 - our own bytes
    with pytest.raises(AttributeError, match="does not change"):
        again.word = "b.py"
    with pytest.raises(AttributeError):
        error.revised(nonsense=1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_told_whole_by_a_worker(kind: type[DockmagicError]) -> None:
    """As JSON: class, text, hint, every field and the cause; fields were lost on the way."""
    error = kind("broken", hint="Mend it").revised(word="a.py", exit_code=126)
    changed = {name: _other(value) for name, value in vars(error).items() if name not in ("message", "_frozen")}
    error = error.revised(**changed)
    error.__cause__ = errors.PathNotFound("no such file", hint="Look")
    again = decode_error(json.loads(json.dumps(encode_error(error))))
    assert type(again) is kind
    assert vars(again) == vars(error)
    assert str(again.__cause__) == "no such file. Look."


def _other(value: object) -> object:
    match value:
        case str():
            return value + "x"
        case int():
            return value + 1
        case tuple():
            return ((1, "a line", True), (2, "another", False))
    return 1.5


def test_a_cause_of_the_system_keeps_its_number_and_file() -> None:
    """What a caller may look at to decide what to do."""
    error = errors.StoreError("cannot write", hint="Look")
    error.__cause__ = OSError(28, "No space left on device", "/x")
    again = decode_error(json.loads(json.dumps(encode_error(error))))
    assert isinstance(again.__cause__, OSError)
    assert (again.__cause__.errno, again.__cause__.filename) == (28, "/x")


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": "TRACEBACK", "fields": {"message": "a", "hint": ""}, "cause": None},
        {"kind": "no such", "fields": {"message": "a", "hint": ""}, "cause": None},
        {"kind": "Conflict", "fields": {"message": 1, "hint": ""}, "cause": None},
        {"kind": "Conflict", "fields": ["message"], "cause": None},
        {"kind": "Conflict", "fields": {"message": "a", "hint": "", "nonsense": 1}, "cause": None},
    ],
)
def test_a_message_that_is_no_error_is_told_in_one_line(message: dict[str, object]) -> None:
    """Whatever another process sends."""
    with pytest.raises(DockmagicError, match="cannot be read"):
        decode_error(message)


def test_what_a_registry_said_survives_too() -> None:
    """Status, codes and the time to wait are not lost between processes."""
    error = RateLimited("too many requests", codes=("TOOMANYREQUESTS",), retry_after=1.5)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (again.status, again.codes, again.retry_after) == (429, ("TOOMANYREQUESTS",), 1.5)
    assert RegistryError("gone", status=404).status == 404


def test_an_error_without_a_hint_ends_with_its_message() -> None:
    """No hint leaves no stray blank or stop."""
    assert str(DockmagicError("that is that")) == "that is that."


def test_a_class_may_bring_its_own_hint() -> None:
    """A default hint stands wherever none is given."""
    error = errors.InvalidReference("'A' is no reference")
    assert error.hint == errors.InvalidReference.default_hint
    assert str(error).endswith("such as ubuntu:24.04.")


def test_the_docstring_draws_every_error_and_no_other() -> None:
    """The tree in the module's docstring is the tree of the classes."""
    assert errors.__doc__ is not None
    for kind in KINDS:
        assert f" {kind.__name__}" in errors.__doc__, kind
        assert kind.__name__ in errors.__all__
