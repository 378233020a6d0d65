"""Tokens, challenges and where credentials go."""

from __future__ import annotations

import base64
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scripted_registry import MANIFEST, Reply

from dockmagic.oci import media
from dockmagic.oci.errors import Denied, RateLimited, RegistryError, RegistryUnavailable, Unauthorized
from dockmagic.registry.auth.challenge import parse_challenges

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_registry import Asked, Scripted

    from dockmagic.registry.registries import Registries

LATEST = "/v2/app/manifests/latest"
BASIC = "Basic " + base64.b64encode(b"ann:pa:ss").decode()


def guarded(scripted: Scripted, challenge: str, accepts: str | Callable[[], str]) -> None:
    """Let `scripted` serve its manifest only to who sends the Authorization `accepts`."""

    def reply(asked: Asked) -> Reply:
        wanted = accepts if isinstance(accepts, str) else accepts()
        if asked.authorization != wanted:
            return Reply(401, {"errors": [{"code": "UNAUTHORIZED", "message": "no"}]}, {"WWW-Authenticate": challenge})
        return Reply(body=MANIFEST, headers={"Content-Type": media.OCI_MANIFEST})

    scripted.on("GET", LATEST, reply)


def bearer(host: str, **more: str) -> str:
    """A challenge as Docker Hub sends it."""
    extra = "".join(f',{name}="{value}"' for name, value in more.items())
    return f'Bearer realm="http://{host}/token",service="the registry"{extra}'


def log_in(environ: dict[str, str], host: str, **entry: str) -> None:
    """Put an entry into docker's file."""
    folder = Path(environ["HOME"]) / ".docker"
    folder.mkdir(exist_ok=True)
    entry = entry or {"auth": base64.b64encode(b"ann:pa:ss").decode()}
    (folder / "config.json").write_text(json.dumps({"auths": {host: entry}}))


def test_an_anonymous_token_is_fetched_once_per_scope(scripted: Scripted, registries: Registries) -> None:
    """And used again for every later request."""
    guarded(scripted, bearer(scripted.host), "Bearer t1")
    scripted.on("GET", "/token", Reply(body={"token": "t1", "expires_in": 300}))
    ref = scripted.ref("app")
    for _ in range(3):
        registries.repository(ref).fetch(ref)
    tokens = [asked for asked in scripted.asked if asked.path == "/token"]
    assert len(tokens) == 1
    assert tokens[0].query == {"service": ["the registry"], "scope": ["repository:app:pull"]}
    assert tokens[0].authorization == ""


def test_threads_share_one_token(scripted: Scripted, registries: Registries) -> None:
    """Twelve layers do not ask for twelve tokens."""
    guarded(scripted, bearer(scripted.host), "Bearer t1")
    scripted.on("GET", "/token", Reply(body={"access_token": "t1"}, delay=0.05))
    ref = scripted.ref("app")
    repository = registries.repository(ref)
    threads = [threading.Thread(target=repository.fetch, args=(ref,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert scripted.methods().count("GET /token") == 1


def test_a_token_that_expires_in_the_middle_is_renewed(scripted: Scripted, registries: Registries) -> None:
    """The registry decides when it is over, not the token's word."""
    valid = ["t1"]
    guarded(scripted, bearer(scripted.host), lambda: f"Bearer {valid[-1]}")
    scripted.on("GET", "/token", lambda _asked: Reply(body={"token": valid[-1], "expires_in": 3600}))
    ref = scripted.ref("app")
    registries.repository(ref).fetch(ref)
    valid.append("t2")
    registries.repository(ref).fetch(ref)
    assert scripted.methods().count("GET /token") == 2


def test_a_registry_that_refuses_every_token_is_not_asked_for_ever(scripted: Scripted, registries: Registries) -> None:
    """A fresh token that is refused is an answer."""
    guarded(scripted, bearer(scripted.host), "Bearer never")
    scripted.on("GET", "/token", Reply(body={"token": "t1"}))
    ref = scripted.ref("app")
    with pytest.raises(Unauthorized, match="does not exist, or needs a login"):
        registries.repository(ref).fetch(ref)
    assert len(scripted.asked) < 8


def test_basic_credentials_go_to_the_registry_that_they_are_for(
    scripted: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """A password may hold a colon."""
    guarded(scripted, 'Basic realm="here"', BASIC)
    log_in(environ, scripted.host)
    ref = scripted.ref("app")
    make().repository(ref).fetch(ref)
    assert [asked.authorization for asked in scripted.asked] == ["", BASIC]


def test_the_realm_gets_the_login_and_the_registry_the_token(
    scripted: Scripted, second: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """The realm may be another server, as Docker Hub's is; of several challenges, Bearer is taken."""
    guarded(scripted, f'Basic realm="x"\n{bearer(second.host)}', "Bearer t1")
    second.on("GET", "/token", Reply(body={"token": "t1"}))
    log_in(environ, scripted.host)
    ref = scripted.ref("app")
    make().repository(ref).fetch(ref)
    assert second.asked[0].authorization == BASIC
    assert second.asked[0].query["account"] == ["ann"]
    assert [asked.authorization for asked in scripted.asked] == ["", "Bearer t1"]


def test_an_identity_token_is_exchanged(
    scripted: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """By the OAuth2 form, never in the URL."""
    guarded(scripted, bearer(scripted.host), "Bearer t1")
    scripted.on("POST", "/token", Reply(body={"access_token": "t1"}))
    log_in(environ, scripted.host, auth=base64.b64encode(b"ann:").decode(), identitytoken="idtok")
    ref = scripted.ref("app")
    make().repository(ref).fetch(ref)
    asked = next(asked for asked in scripted.asked if asked.path == "/token")
    assert b"grant_type=refresh_token" in asked.body
    assert b"refresh_token=idtok" in asked.body
    assert "idtok" not in asked.target


def test_a_registry_token_is_sent_as_it_is(
    scripted: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """Docker's `registrytoken`."""
    guarded(scripted, bearer(scripted.host), "Bearer given")
    log_in(environ, scripted.host, registrytoken="given")
    ref = scripted.ref("app")
    make().repository(ref).fetch(ref)
    assert "GET /token" not in scripted.methods()


def test_a_wider_scope_that_the_registry_asks_for_is_got(scripted: Scripted, registries: Registries) -> None:
    """Some registries have scopes of their own."""
    guarded(scripted, bearer(scripted.host, scope="special:app:read"), "Bearer wide")
    scripted.on(
        "GET",
        "/token",
        lambda asked: Reply(body={"token": "wide" if "special:app:read" in asked.query["scope"] else "narrow"}),
    )
    ref = scripted.ref("app")
    registries.repository(ref).fetch(ref)


def test_a_login_that_the_realm_refuses_is_named(
    scripted: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """With the next step."""
    guarded(scripted, bearer(scripted.host), "Bearer t1")
    scripted.on("GET", "/token", Reply(401, {"details": "incorrect username or password"}))
    log_in(environ, scripted.host)
    ref = scripted.ref("app")
    with pytest.raises(Unauthorized, match=f"login {scripted.host}"):
        make().repository(ref).fetch(ref)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(body=b"<html>"), RegistryError),
        (Reply(body={"token": "a\nb"}), RegistryError),
        (Reply(body={}), RegistryError),
        (Reply(503), RegistryUnavailable),
        (Reply(429, headers={"Retry-After": "3600"}), RateLimited),
        (Reply(418), RegistryError),
    ],
    ids=["page", "control-characters", "empty", "down", "busy", "teapot"],
)
def test_a_token_server_that_fails_is_named(
    scripted: Scripted, registries: Registries, reply: Reply, error: type[Exception]
) -> None:
    """One line, not a decoder's."""
    guarded(scripted, bearer(scripted.host), "Bearer t1")
    scripted.on("GET", "/token", reply)
    ref = scripted.ref("app")
    with pytest.raises(error, match="token"):
        registries.repository(ref).fetch(ref)


def test_a_forbidden_repository_is_denied(scripted: Scripted, registries: Registries) -> None:
    """403 is not 401."""
    scripted.on("GET", LATEST, Reply(403, {"errors": [{"code": "DENIED", "message": "not\x1b[2J yours."}]}))
    ref = scripted.ref("app")
    with pytest.raises(Denied) as raised:
        registries.repository(ref).fetch(ref)
    assert raised.value.codes == ("DENIED",)
    assert "\x1b" not in str(raised.value)


def test_challenges_are_read_as_the_rfc_writes_them() -> None:
    """Several in one header or in several, quoted or not, with commas and escapes inside quotes."""
    found = parse_challenges(
        ['Basic realm="a, \\"b\\"", Bearer realm="https://x/t?a=b",service=s , scope="p,q"', "Negotiate"]
    )
    assert [challenge.scheme for challenge in found] == ["basic", "bearer", "negotiate"]
    assert found[0].parameters == {"realm": 'a, "b"'}
    assert found[1].parameters == {"realm": "https://x/t?a=b", "service": "s", "scope": "p,q"}
    assert parse_challenges(["", "=,;", 'Bearer realm="unfinished'])[0].parameters == {}


def test_login_tries_before_it_keeps(
    scripted: Scripted, make: Callable[..., Registries], environ: dict[str, str]
) -> None:
    """A wrong password is not kept; a right one is used at once."""
    scripted.on(
        "GET",
        "/v2/",
        lambda asked: Reply(200) if asked.authorization == BASIC else Reply(401, b"", {"WWW-Authenticate": "Basic"}),
    )
    guarded(scripted, "Basic", BASIC)
    registries = make()
    file = Path(environ["HOME"]) / ".docker" / "config.json"
    with pytest.raises(Unauthorized, match="refuses the login of ann"):
        registries.login(scripted.host, "ann", "wrong")
    assert not file.exists()
    assert registries.login(scripted.host, "ann", "pa:ss") == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    ref = scripted.ref("app")
    registries.repository(ref).fetch(ref)
    assert registries.logout(scripted.host)
    assert not registries.logout(scripted.host)
    with pytest.raises(Unauthorized):
        registries.repository(ref).fetch(ref)
