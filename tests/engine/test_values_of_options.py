"""What the options of a container may hold: everything is converted once or refused by name, and nothing is lost."""

from __future__ import annotations

import re
import signal
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from dockmagic.engine.options.container import OPTIONS, container_spec
from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.platforms import Platform

if TYPE_CHECKING:
    from collections.abc import Callable


def _shown(value: object) -> str:
    """A value in a test's name, which is the same in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))[:50]


def field(name: str) -> Callable[[Any], Any]:
    """Reads an attribute of a request."""
    return lambda spec: getattr(spec, name)


def mounts(spec: Any) -> Any:
    """Type, source or name, target and whether it is read-only, of each mount."""
    return [(one.type, one.source or one.name, one.target, one.read_only) for one in spec.mounts]


FITTING: list[tuple[dict[str, Any], Callable[[Any], Any], Any]] = [
    ({"env": {"A": "1", "B": 2, "C": Path("/c")}}, field("env"), ("A=1", "B=2", "C=/c")),
    ({"env": ["A=1", "B=x=y"]}, field("env"), ("A=1", "B=x=y")),
    ({"env": "A=1"}, field("env"), ("A=1",)),
    ({"env": {"NOT_SET_ANYWHERE": None}}, field("env"), ("NOT_SET_ANYWHERE",)),
    ({"labels": {"A": "1", "B": None, "C": 3}}, field("labels"), {"A": "1", "B": "", "C": "3"}),
    ({"labels": ["A=1", "B"]}, field("labels"), {"A": "1", "B": ""}),
    ({"labels": "abc"}, field("labels"), {"abc": ""}),
    ({"volumes": {"/src": {"bind": "/data", "mode": "rw"}}}, mounts, [("bind", "/src", "/data", False)]),
    ({"volumes": {"work": {"bind": "/data", "mode": "ro"}}}, mounts, [("volume", "work", "/data", True)]),
    ({"volumes": {"work": "/data"}}, mounts, [("volume", "work", "/data", False)]),
    ({"volumes": {"work": "/data:ro"}}, mounts, [("volume", "work", "/data", True)]),
    ({"volumes": {Path("/src"): PurePosixPath("/data")}}, mounts, [("bind", "/src", "/data", False)]),
    ({"volumes": [("work", "/data", "ro")]}, mounts, [("volume", "work", "/data", True)]),
    ({"volumes": ["work:/data:ro"]}, mounts, [("volume", "work", "/data", True)]),
    ({"volumes": "work:/data"}, mounts, [("volume", "work", "/data", False)]),
    ({"mounts": {"type": "bind", "source": "/src", "target": "/data"}}, mounts, [("bind", "/src", "/data", False)]),
    ({"tmpfs": "/run"}, mounts, [("tmpfs", "", "/run", False)]),
    ({"tmpfs": {"/run": "size=1m"}}, mounts, [("tmpfs", "", "/run", False)]),
    ({"ports": {5432: 15432}}, lambda spec: [(one.container, one.host) for one in spec.ports], [(5432, 15432)]),
    ({"ports": {"80/tcp": None}}, lambda spec: [(one.container, one.host) for one in spec.ports], [(80, 0)]),
    ({"ports": "8080:80"}, lambda spec: [(one.container, one.host) for one in spec.ports], [(80, 8080)]),
    ({"ports": [(8080, 80)]}, lambda spec: [(one.container, one.host) for one in spec.ports], [(80, 8080)]),
    ({"memory": 512 * 2**20}, lambda spec: spec.limits.memory, 512 << 20),
    ({"memory": "512m"}, lambda spec: spec.limits.memory, 512 << 20),
    ({"cpus": 1.5}, lambda spec: spec.limits.cpus, 1.5),
    ({"cpus": "1.5"}, lambda spec: spec.limits.cpus, 1.5),
    ({"cpus": 2}, lambda spec: spec.limits.cpus, 2),
    ({"pids_limit": -1}, lambda spec: spec.limits.pids, 0),
    ({"ulimits": {"nofile": (10, 20)}}, lambda spec: spec.limits.ulimits, (("nofile", 10, 20),)),
    ({"ulimits": {"nofile": 10}}, lambda spec: spec.limits.ulimits, (("nofile", 10, 10),)),
    ({"ulimits": "nofile=10:20"}, lambda spec: spec.limits.ulimits, (("nofile", 10, 20),)),
    ({"shm_size": 1 << 20}, field("shm_size"), 1 << 20),
    ({"platform": "linux/arm64"}, field("platform"), Platform.parse("linux/arm64")),
    ({"platform": Platform.parse("linux/arm64")}, field("platform"), Platform.parse("linux/arm64")),
    ({"user": 1000}, field("user"), "1000"),
    ({"user": "me:we"}, field("user"), "me:we"),
    ({"group_add": 7}, field("group_add"), ("7",)),
    ({"group_add": ["audio", 7]}, field("group_add"), ("audio", "7")),
    ({"entrypoint": "sh -c"}, field("entrypoint"), ("sh", "-c")),
    ({"entrypoint": ""}, field("entrypoint"), ()),
    ({"entrypoint": []}, field("entrypoint"), ()),
    ({"workdir": PurePosixPath("/srv")}, field("workdir"), "/srv"),
    ({"cap_add": "NET_RAW"}, field("cap_add"), ("NET_RAW",)),
    ({"dns": "127.0.0.1"}, field("dns"), ("127.0.0.1",)),
    ({"add_host": {"a": "127.0.0.1"}}, field("add_host"), (("a", "127.0.0.1"),)),
    ({"add_host": [("a", "::1")]}, field("add_host"), (("a", "::1"),)),
    ({"stop_signal": signal.SIGINT}, field("stop_signal"), "2"),
    ({"stop_timeout": 1.5}, field("stop_timeout"), 1.5),
    ({"expose": 80}, field("expose"), ("80/tcp",)),
    ({"expose": ["80-81", "53/udp"]}, field("expose"), ("80/tcp", "81/tcp", "53/udp")),
    ({"security_opt": "no-new-privileges"}, field("no_new_privileges"), True),
    (dict.fromkeys(OPTIONS), lambda spec: spec, container_spec("x")),
]


@pytest.mark.parametrize(("options", "of", "expected"), FITTING, ids=_shown)
def test_a_value_that_fits_is_what_the_container_gets(
    options: dict[str, Any], of: Callable[[Any], Any], expected: object
) -> None:
    """Each type that a Python user writes means what it looks like."""
    assert of(container_spec("x", None, options)) == expected


#: Values that no option takes, whatever it is.
NEVER = [object(), b"bytes", 1j, {"a": object()}, [object()], {1, None}]


@pytest.mark.parametrize("value", NEVER, ids=_shown)
@pytest.mark.parametrize("keyword", sorted(OPTIONS))
def test_a_value_of_no_fitting_type_is_refused_by_the_name_of_its_option(keyword: str, value: object) -> None:
    """The error is a TypeError, never an AttributeError from further down, and begins with the keyword's name."""
    with pytest.raises((TypeError, InvalidInput)) as caught:
        container_spec("x", None, {keyword: value})
    assert keyword in str(caught.value)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"env": {"A": True}}, r"env\['A'\] takes a str or a number, not bool: True"),
    ({"env": {1: "a"}}, "a name in env takes a str, not int: 1"),
    ({"env": [("A", "1")]}, r"env\[0\] takes a str, not tuple"),
    ({"env": 1}, "env takes a list, not int"),
    ({"labels": {"": "1"}}, "a name in labels is empty"),
    ({"labels": {"a": ["1"]}}, r"labels\['a'\] takes a str or a number, not list"),
    ({"volumes": {"work": {"target": "/data"}}}, "volumes.* takes a path in the container"),
    ({"volumes": {"work": None}}, "volumes.* takes a path in the container"),
    ({"volumes": {1: "/data"}}, "a source in volumes.* takes a str, not int"),
    ({"volumes": [("a", "/b", "ro", "x")]}, r"volumes takes \(SOURCE, TARGET\)"),
    ({"ports": {80: True}}, r"ports\[80\] takes a port of this machine"),
    ({"ports": {80.5: 1}}, "a port in ports takes an int or a str"),
    ({"ports": 1.5}, "ports takes a list, not float"),
    ({"memory": 1.5}, "memory takes bytes as an int, or a str such as '512m', not float"),
    ({"memory": True}, "memory takes bytes"),
    ({"cpus": True}, "cpus takes a number of processors, not bool"),
    ({"pids_limit": "7"}, "pids_limit takes an int, not str"),
    ({"ulimits": {"nofile": [1, 2]}}, r"ulimits\['nofile'\] takes an int, not list"),
    ({"ulimits": [{"name": "nofile"}]}, "ulimits takes {'Name': …, 'Soft': …, 'Hard': …}, not dict"),
    ({"rm": 1}, "rm takes True or False, not int: 1"),
    ({"rm": "false"}, "rm takes True or False, not str: 'false'"),
    ({"tty": "no"}, "tty takes True or False"),
    ({"platform": 1}, "platform takes a str, not int"),
    ({"name": 5}, "name takes a str, not int"),
    ({"name": "a\0b"}, "name has a NUL character"),
    ({"stop_timeout": "3"}, "stop_timeout takes a number of seconds"),
    ({"pull": True}, "pull takes a str, not bool"),
    ({"pull": "sometimes"}, "invalid pull option: 'sometimes'"),
    ({"add_host": {"a": 1}}, r"add_host\['a'\] takes a str, not int"),
    ({"add_host": [("a", "127.0.0.1", "x")]}, "add_host takes a str, not tuple"),
    ({"entrypoint": {"a": 1}}, "entrypoint takes a str or a list of str, not dict"),
    ({"entrypoint": "'a"}, "entrypoint cannot be split into words: no closing quotation"),
    ({"user": 1.5}, "user takes a str, not float"),
    ({"colour": "red"}, "create.. got an unexpected keyword argument 'colour'$"),
    ({"memroy": 1}, "did you mean memory"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=_shown)
def test_a_value_that_does_not_fit_is_named_with_what_would(options: dict[str, Any], message: str) -> None:
    """Nothing that looks like another type is taken for it."""
    with pytest.raises((TypeError, InvalidInput), match=message):
        container_spec("x", None, options)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (None, ()),
        ("echo hi", ("echo", "hi")),
        ("echo 'a b' $X", ("echo", "a b", "$X")),
        (["echo", "hi there"], ("echo", "hi there")),
        (("echo", Path("/a")), ("echo", "/a")),
        ([], ()),
    ],
)
def test_a_command_is_a_list_or_a_text_of_words(command: Any, expected: tuple[str, ...]) -> None:
    """A text is split as a shell splits it, without a shell; it never becomes letters."""
    assert container_spec("x", command).command == expected


@pytest.mark.parametrize("command", [b"echo", 1, {"a": 1}, [1], [b"echo"], [None]])
def test_a_command_of_another_type_is_refused(command: Any) -> None:
    """Bytes, numbers and mappings are no commands."""
    with pytest.raises(TypeError, match=r"^command(\[0\])? takes "):
        container_spec("x", command)


def test_keywords_of_earlier_versions_go_on_with_a_warning() -> None:
    """They mean today's keyword; both at once are refused."""
    with pytest.warns(DeprecationWarning, match="auto_remove is called rm now"):
        assert container_spec("x", None, {"auto_remove": True}).rm
    with (
        pytest.warns(DeprecationWarning, match="auto_remove is called rm now"),
        pytest.raises(TypeError, match="auto_remove and rm, which mean the same"),
    ):
        container_spec("x", None, {"auto_remove": True, "rm": True})
