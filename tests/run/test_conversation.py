"""What is said between processes: between a shim and those who follow its container, and by helpers of all kinds."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dockmagic.oci.errors import Conflict, DockmagicError
from dockmagic.runtime.machine.connection import Connection
from dockmagic.runtime.machine.fork_server import ForkServer
from dockmagic.runtime.machine.helper import spawn
from dockmagic.runtime.messages.fork_server import Forked, ForkRequest
from dockmagic.runtime.messages.init import InitReport
from dockmagic.runtime.messages.message import VERSION, MalformedMessage, Message
from dockmagic.runtime.messages.process_spec import ProcessSpec
from dockmagic.runtime.messages.shim import (
    REQUESTS,
    AttachRequest,
    ExecRequest,
    ResizeRequest,
    ShimAnswer,
    SignalRequest,
    StartRequest,
)
from dockmagic.runtime.messages.worker import WorkerAnswer, WorkerRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.runtime.container import Container

_OPEN = Path("/proc/self/fd")
_PROGRAM: dict[str, Any] = {
    "argv": ["true"], "env": [], "cwd": "", "user": "", "groups": [], "tty": False, "capabilities": 0,
    "no_new_privs": False, "rlimits": [[7, 1024, 1024]],
}  # fmt: skip


@pytest.fixture
def ends() -> Iterator[tuple[Connection, socket.socket]]:
    """Our end of a conversation, and the bare other one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with Connection(ours) as connection, theirs:
        yield connection, theirs


def test_the_last_words_are_heard_though_ours_were_not(ends: tuple[Connection, socket.socket]) -> None:
    """A shim that ends before it has read a request has still told how its container ended."""
    connection, theirs = ends
    theirs.send(b'{"exit": 3}')
    connection.send(ResizeRequest(rows=1, columns=1))
    theirs.close()
    assert connection.hear(ShimAnswer) == (ShimAnswer(exit=3), [])
    assert connection.hear(ShimAnswer) == (None, [])


@pytest.mark.parametrize(
    "message",
    [
        StartRequest(spec={"folder": "/x", "mounts": []}, stdin=True),
        AttachRequest(stdin=False),
        SignalRequest(number=15),
        ExecRequest(**_PROGRAM, detach=True, window=[24, 80]),
        ShimAnswer(),
        ShimAnswer(error="no"),
        InitReport(ready=True, created=["/data"]),
        ForkRequest(preload=["runtime.shim.main"]),
        Forked(pid=3),
        WorkerRequest(task="look", isolation={}, arguments={"path": "/"}),
        WorkerAnswer(result={}),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    """With its version, and its tag where a conversation has several."""
    data = message.encode()
    assert type(message).decode(data) == message
    assert json.loads(data)["version"] == VERSION
    if message.tag:
        assert Message.decode_one(data, REQUESTS) == message


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        (ShimAnswer, b"", "it is no JSON"),
        (ShimAnswer, b"\xff\xfe", "it is no JSON"),
        (ShimAnswer, b"[" * 5000, "it is no JSON"),
        (ShimAnswer, b"[]", "it is no object"),
        (ShimAnswer, b'{"version": 2}', "it is of version 2, and this dockmagic speaks 1"),
        (ShimAnswer, b'{"version": true}', "it is of version True"),
        (ShimAnswer, b'{"exit": "0"}', "its exit is '0'"),
        (ShimAnswer, b'{"exit": true}', "its exit is True"),
        (ShimAnswer, b'{"released": null}', "its released is None"),
        (Forked, b'{"pid": 3}', "it is of version 0"),
        (Forked, b'{"version": 1}', "it has no pid"),
        (ForkRequest, b'{"version": 1, "preload": [1]}', r"its preload is \[1\]"),
        (InitReport, b'{"version": 1, "user": ["a"]}', "its user is"),
        (WorkerRequest, b'{"version": 1, "task": "look", "isolation": [], "arguments": {}}', r"its isolation is \[\]"),
        (WorkerAnswer, b'{"version": 1, "result": 1}', "its result is 1"),
        (StartRequest, b'{"version": 1, "spec": null}', "its spec is None"),
        (ProcessSpec, b'{"version": 1, "argv": "sh"}', "its argv is 'sh'"),
    ],
)
def test_what_is_no_message_is_refused_where_it_arrives(kind: type[Message], data: bytes, why: str) -> None:
    """With what is wrong: the kind of a member, a member that is missing, another version."""
    with pytest.raises(MalformedMessage, match=why):
        kind.decode(data)


@pytest.mark.parametrize("data", [b'{"version": 1}', b'{"do": "explode"}', b'{"do": ["attach"]}', b'{"do": null}'])
def test_a_request_that_there_is_not_is_refused(data: bytes) -> None:
    """Of one conversation with several."""
    with pytest.raises(MalformedMessage, match="there is no request"):
        Message.decode_one(data, REQUESTS)


def test_requests_of_before_are_understood() -> None:
    """They told no version; and what a later one tells besides is passed over."""
    assert Message.decode_one(b'{"do": "attach", "stdin": true}', REQUESTS) == AttachRequest(stdin=True)
    assert Message.decode_one(b'{"do": "signal", "number": 9, "soon": 1}', REQUESTS) == SignalRequest(number=9)
    assert ShimAnswer.decode(b'{"ok": true}') == ShimAnswer()


def test_members_are_those_that_are_declared() -> None:
    """A slip of the pen shows at once."""
    with pytest.raises(TypeError, match="SignalRequest needs number"):
        SignalRequest()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="SignalRequest has no signal"):
        SignalRequest(number=1, signal=2)  # type: ignore[call-arg]


def test_an_answer_that_cannot_be_read_is_told_in_a_line(ends: tuple[Connection, socket.socket]) -> None:
    """And what came beside it is closed."""
    connection, theirs = ends
    socket.send_fds(theirs, [b'{"exit": "soon"}'], [theirs.fileno()])
    before = len(list(_OPEN.iterdir()))
    with pytest.raises(DockmagicError, match="sent a ShimAnswer that cannot be read: its exit is 'soon'"):
        connection.hear(ShimAnswer)
    assert len(list(_OPEN.iterdir())) == before


def test_a_worker_answers_a_request_that_it_cannot_read() -> None:
    """Instead of ending without a word."""
    connection, child = spawn("runtime.worker.main")
    with connection:
        connection.sock.send(b'{"version": 99}')
        answer, _ = connection.hear(WorkerAnswer)
    child.wait()
    assert answer is not None
    assert answer.error is not None
    assert "cannot be read: it is of version 99" in answer.error["fields"]["message"]


def test_a_shim_answers_a_start_that_it_cannot_read() -> None:
    """Likewise."""
    connection, child = spawn("runtime.shim.main")
    with connection:
        connection.sock.send(b'{"version": 1, "spec": []}')
        answer, _ = connection.hear(ShimAnswer)
    child.wait()
    assert answer == ShimAnswer(error="its spec is []")


def test_a_fork_server_that_is_gone_is_told() -> None:
    """Whatever ended it."""
    with ForkServer() as server:
        server._process.kill()
        server._process.wait()
        with pytest.raises(OSError, match=r"gone|Broken pipe|reset"):
            server.launch("runtime.worker.main", 2)


def test_a_running_shim_outlives_requests_that_are_none(make: Callable[..., Container]) -> None:
    """Each is answered with what is wrong, and the container runs on."""
    container = make("sleep", "1000")
    container.start().close()
    for data, why in (
        (b"x", "it is no JSON"),
        (b'{"do": "no"}', "there is no request 'no'"),
        (b"{}", "no request None"),
    ):
        with Connection.to(container.folder) as connection:
            connection.sock.send(data)
            answer, _ = connection.hear(ShimAnswer)
            assert answer is not None
            assert why in (answer.error or "")
    with Connection.to(container.folder) as connection:
        exec_ = ExecRequest(**_PROGRAM, detach=False)
        answer, _ = connection.ask(exec_, ShimAnswer, (0,))
        assert answer is not None
        assert answer.error == "exec takes three descriptors, and 1 came"
    assert container.is_running
    container.kill()
    container.wait()
    with pytest.raises(Conflict):
        container.attach()
