"""``serve``: who may use the registry, and under which names."""

from __future__ import annotations

import base64
import http.client
import io
from contextlib import closing
from typing import TYPE_CHECKING

import bcrypt
import pytest

from dockmagic.commands.cmdline.context import CommandContext
from dockmagic.commands.cmdline.invoke import invoke
from dockmagic.commands.cmdline.result import Serving
from dockmagic.engine import Engine
from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


def status(served: Serving, login: str = "", host: str = "") -> int:
    """Of the answer to a request."""
    headers = {"Host": host} if host else {}
    if login:
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    with closing(http.client.HTTPConnection(served.server.host, timeout=10)) as connection:
        connection.request("GET", "/v2/", headers=headers)
        return connection.getresponse().status


def serve(folder: Path, *words: str, stdin: bytes | None = None) -> Serving:
    """Start it."""
    ctx = CommandContext(Engine(), stdin=None if stdin is None else io.BytesIO(stdin))
    served = invoke(ctx, ["serve", "--port", "0", *words, str(folder)])
    assert isinstance(served, Serving)
    return served


def test_a_user_comes_in_with_the_password_of_standard_input(tmp_path: Path) -> None:
    """And nobody else."""
    served = serve(tmp_path, "-u", "ann", "--password-stdin", stdin=b"secret\n")
    with served.server:
        assert [status(served, login) for login in ("", "ann:secret", "ann:secre", "bob:secret")] == [
            401,
            200,
            401,
            401,
        ]


def test_the_users_of_a_file_come_in(tmp_path: Path) -> None:
    """As docker's registry reads it."""
    file = tmp_path / "users"
    file.write_text(f"ann:{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
    served = serve(tmp_path, "--htpasswd", str(file))
    with served.server:
        assert [status(served, login) for login in ("", "ann:secret", "ann:x")] == [401, 200, 401]


def test_further_names_are_given_by_a_flag(tmp_path: Path) -> None:
    """As often as there are names."""
    served = serve(tmp_path, "--allow-host", "one.example", "--allow-host", "two.example")
    with served.server:
        hosts = ("one.example:5000", "two.example", "three.example", "localhost")
        assert [status(served, host=host) for host in hosts] == [200, 200, 403, 200]


@pytest.mark.parametrize(
    ("words", "stdin", "message"),
    [
        (["--password-stdin"], b"x", "needs a user"),
        (["-u", "ann", "--htpasswd", "x"], None, "exclude each other"),
        (["-u", "a:b", "--password-stdin"], b"x", "colon"),
        (["-u", "ann", "--password-stdin"], b"\n", "must not be empty"),
        (["-u", "ann", "--password-stdin"], b"\xff", "not text"),
        (["-u", "ann", "--password-stdin"], None, "no standard input"),
        (["--htpasswd", "/none"], None, "cannot be read"),
    ],
)
def test_a_login_that_cannot_work_is_refused_at_the_start(
    tmp_path: Path, words: list[str], stdin: bytes | None, message: str
) -> None:
    """Nothing listens then."""
    with pytest.raises(InvalidInput, match=message):
        serve(tmp_path, *words, stdin=stdin)
