"""Whatever a registry answers, in each header and each member: an error with a name comes out, or a result.

Each value goes into each place, and everything that one does with a registry is done with it.
"""

from __future__ import annotations

import io
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from scripted_registry import CONFIG, MANIFEST, Reply, blob

from dockmagic.image.transfer import pull
from dockmagic.oci import media
from dockmagic.oci.errors import DockmagicError, RegistryError
from dockmagic.oci.spec import parse_config, parse_manifest
from dockmagic.registry.transport.url import join, origin
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scripted_registry import Asked, Scripted

    from dockmagic.registry.registries import Registries

pytestmark = pytest.mark.slow  # hundreds of answers of a registry

CONTENT = b"layer" * 100
DESC = blob(CONTENT)
LONG = "9" * 5000
ADDRESSES = (
    *(
        "http://[::",
        "http://[::1",
        "http://[x]/",
        "http://",
        "http:///x",
        "//[::",
        "http://127.0.0.1:999999/",
        "\\\\x\\y",
    ),
    *("http://127.0.0.1:0/", "http://127.0.0.1:-1/", "http://127.0.0.1:x/", f"http://127.0.0.1:{LONG}/", "file:///etc"),
    *(
        "http://a\x00b/",
        "http://\xff\xfe/",
        "http://" + "a" * 300 + ".localhost/",
        "mailto:x",
        "%",
        "http://127.0.0.1 x/",
    ),
    *("http://.localhost/", "http://..localhost:1/", "gopher://127.0.0.1/", "http://[::1%25lo]:1/"),
)
NUMBERS = (
    "",
    "x",
    "-1",
    "-0",
    "+5",
    "1e9",
    "0x10",
    "1_0",
    "1,2",
    "5, 5",
    "\xb2",
    LONG,
    "9" * 19,
    "99999999999999999999",
    " ",
)
WORDS = (
    *ADDRESSES,
    *NUMBERS,
    '"',
    "<",
    "<>",
    ";",
    ",",
    '<x>; rel="',
    "\x1b[2J\x07",
    "\x00",
    "=" * 300,
    "(" * 5000,
    "bytes 0-",
)
HEADERS = (
    *("Content-Length", "Content-Type", "Docker-Content-Digest", "Location", "Link", "Retry-After", "WWW-Authenticate"),
    *(
        "Content-Range",
        "Range",
        "ratelimit-limit",
        "ratelimit-remaining",
        "Transfer-Encoding",
        "Content-Encoding",
        "Date",
    ),
    *("Connection", "Docker-Upload-UUID", "OCI-Subject", "Set-Cookie", "OCI-Chunk-Min-Length", "Warning"),
)
STATUSES = {"Location": (307,), "WWW-Authenticate": (401,), "Retry-After": (429,)}
ADDRESSED = ("Location", "Link", "WWW-Authenticate")
#: JSON in the place of any member.
VALUES = (
    *(
        "null",
        "true",
        "-1",
        "0",
        "1e400",
        "-1e400",
        LONG,
        f"-{LONG}",
        f"1.{LONG}",
        "9223372036854775808",
        "18446744073709551616",
    ),
    *(
        '""',
        '"\\u0000"',
        '"\\ud800"',
        '"\xff"',
        '"sha256:x"',
        f'"sha256:{"0" * 64}"',
        f'"{LONG}"',
        '"\\u001b[2J"',
        "NaN",
    ),
    *("[]", "{}", "[null]", "[[]]", '{"":null}', "[" * 3000, '{"a":' * 3000, "[{}]", "'", ""),
)


def work(registries: Registries, scripted: Scripted) -> Iterator[Callable[[], object]]:
    """Everything that one does with a registry."""
    ref = scripted.ref("app")
    repository = registries.repository(ref)
    yield lambda: repository.resolve(ref)
    yield lambda: repository.fetch(ref)
    yield lambda: repository.read(DESC)
    yield lambda: repository.open(DESC, offset=100).__enter__().read()
    yield lambda: list(repository.tags())
    yield lambda: list(registries.catalog(scripted.host))
    yield lambda: registries.search(f"{scripted.host}/app")
    yield lambda: repository.has(DESC)
    yield lambda: repository.mount(DESC, "other")
    yield lambda: repository.put(DESC, io.BytesIO(CONTENT))
    yield lambda: repository.name(ref, blob(MANIFEST, media.OCI_MANIFEST), MANIFEST)
    yield lambda: registries.login(scripted.host, "ann", "secret")
    yield lambda: repository.rate_limit


def tried(act: Callable[[], object]) -> None:
    """Do it; it may fail with an error that has a name, and is one printable line."""
    words = ""
    try:
        act()
    except DockmagicError as error:
        words = str(error)
    assert words.isprintable()


def attempt(registries: Registries, scripted: Scripted) -> None:
    """Do all of it."""
    for act in work(registries, scripted):
        tried(act)


def well(asked: Asked) -> Reply:
    """What a good registry answers."""
    if asked.path.endswith("/manifests/latest"):
        return Reply(201 if asked.method == "PUT" else 200, MANIFEST, {"Content-Type": media.OCI_MANIFEST})
    if "/uploads/" in asked.path:
        status = {"POST": 202, "PUT": 201, "GET": 204, "PATCH": 202}[asked.method]
        return Reply(status, b"", {"Location": "/v2/app/blobs/uploads/1", "Range": "0-9"})
    if "/blobs/" in asked.path:
        return Reply(body=CONTENT)
    return Reply(body={"token": "t", "results": [{"name": "app"}], "tags": ["a"], "repositories": ["app"]})


def answers(scripted: Scripted, reply: Callable[[Asked], Reply]) -> None:
    """Answer every request so."""
    scripted.reply_to = reply  # type: ignore[method-assign]


@pytest.fixture
def hasty(make: Callable[..., Registries]) -> Registries:
    """Registries that hardly wait."""
    return make(attempts=2, pause=0.001, longest_wait=0.01, silence=1.0, connect=1.0)


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_may_hold_anything(scripted: Scripted, hasty: Registries, header: str) -> None:
    """With a success, and with the status that makes it count: a redirect, a challenge, a request to wait."""
    for word in WORDS if header in ADDRESSED else WORDS[len(ADDRESSES) :]:
        for status in (None, *STATUSES.get(header, ())):

            def reply(asked: Asked, word: str = word, status: int | None = status) -> Reply:
                good = well(asked)
                return Reply(status or good.status, good.body, {**good.headers, header: word}, raw=True)

            answers(scripted, reply)
            attempt(hasty, scripted)


@pytest.mark.parametrize("parameter", ["realm", "service", "scope"])
def test_a_challenge_may_ask_anything(scripted: Scripted, hasty: Registries, parameter: str) -> None:
    """A realm that is no address, a service of control characters."""
    for word in WORDS if parameter == "realm" else WORDS[len(ADDRESSES) :]:
        quoted = word.replace("\\", "\\\\").replace('"', '\\"')
        fields = {"realm": f"{scripted.url}/token", "service": "s", "scope": "repository:app:pull", parameter: quoted}
        challenge = "Bearer " + ",".join(f'{name}="{value}"' for name, value in fields.items())

        def reply(asked: Asked, challenge: str = challenge) -> Reply:
            if asked.authorization.startswith("Bearer") or asked.path == "/token":
                return well(asked)
            return Reply(401, b"", {"WWW-Authenticate": challenge}, raw=True)

        answers(scripted, reply)
        hasty._forget_logins()
        attempt(hasty, scripted)


def mutants(document: Any) -> Iterator[bytes]:
    """`document` with each hostile value in the place of each of its members, and as a whole."""
    hole = "\x00hole"

    def spots(value: Any) -> Iterator[Any]:
        yield hole
        if isinstance(value, dict):
            for key, member in value.items():
                yield from ({**value, key: changed} for changed in spots(member))
        elif isinstance(value, list):
            for index, member in enumerate(value):
                yield from ([*value[:index], changed, *value[index + 1 :]] for changed in spots(member))

    for spot in spots(document):
        text = json.dumps(spot)
        for value in VALUES:
            yield text.replace(json.dumps(hole), value).encode("latin-1")


DOCUMENTS = {
    "/token": {"token": "t", "access_token": "t", "expires_in": 60},
    "/v2/app/tags/list": {"name": "app", "tags": ["a", "b"]},
    "/v2/_catalog": {"repositories": ["app"]},
    "/v1/search": {
        "results": [{"name": "a", "description": "d", "star_count": 1, "is_official": True, "is_automated": False}]
    },
    "error": {"errors": [{"code": "DENIED", "message": "no", "detail": {"a": 1}}]},
}


@pytest.mark.parametrize("place", DOCUMENTS)
def test_a_small_document_may_hold_anything(scripted: Scripted, hasty: Registries, place: str) -> None:
    """Tokens, lists, results of a search, errors."""
    challenge = {"WWW-Authenticate": f'Bearer realm="{scripted.url}/token"'}
    ref = scripted.ref("app")
    acts: dict[str, Callable[[], object]] = {
        "/token": lambda: hasty.repository(ref).fetch(ref),
        "/v2/app/tags/list": lambda: list(hasty.repository(ref).tags()),
        "/v2/_catalog": lambda: list(hasty.catalog(scripted.host)),
        "/v1/search": lambda: hasty.search(f"{scripted.host}/app"),
        "error": lambda: hasty.repository(ref).fetch(ref),
    }
    for body in mutants(DOCUMENTS[place]):

        def reply(asked: Asked, body: bytes = body) -> Reply:
            if asked.path == place:
                return Reply(body=body)
            if place == "/token" and not asked.authorization:
                return Reply(401, b"", challenge)
            return Reply(403, body) if place == "error" else well(asked)

        answers(scripted, reply)
        hasty._forget_logins()
        tried(acts[place])


LAYERED = {
    "schemaVersion": 2,
    "mediaType": media.OCI_MANIFEST,
    "config": {"mediaType": media.OCI_CONFIG, "digest": blob(CONFIG).digest, "size": len(CONFIG)},
    "layers": [{"mediaType": media.OCI_LAYER, "digest": DESC.digest, "size": DESC.size, "urls": ["http://[::"]}],
    "annotations": {"a": "b"},
    "subject": {"mediaType": media.OCI_MANIFEST, "digest": DESC.digest, "size": 1},
}
INDEX = {
    "schemaVersion": 2,
    "mediaType": media.OCI_INDEX,
    "manifests": [
        {
            "mediaType": media.OCI_MANIFEST,
            "digest": DESC.digest,
            "size": 1,
            "platform": {"os": "linux", "architecture": "amd64", "os.features": ["x"], "variant": "v1"},
        }
    ],
}
CONFIGURATION = {
    "architecture": "amd64",
    "os": "linux",
    "created": "2024-01-01T00:00:00Z",
    "config": {"Env": ["A=b"], "Cmd": ["x"], "Labels": {"a": "b"}, "Healthcheck": {"Test": ["NONE"], "Interval": 1}},
    "rootfs": {"type": "layers", "diff_ids": [DESC.digest]},
    "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "x", "empty_layer": True}],
}


@pytest.mark.parametrize("document", [LAYERED, INDEX, CONFIGURATION], ids=["manifest", "index", "configuration"])
def test_a_document_of_an_image_may_hold_anything(document: dict[str, Any]) -> None:
    """Digests that are numbers, sizes of five thousand digits, lists in lists."""
    read = parse_config if document is CONFIGURATION else parse_manifest
    for raw in mutants(document):
        with suppress(DockmagicError):
            read(raw)


@pytest.mark.parametrize("document", [LAYERED, CONFIGURATION], ids=["manifest", "configuration"])
def test_a_pull_of_anything_ends_with_an_image_or_a_name(
    scripted: Scripted, hasty: Registries, tmp_path: Path, document: dict[str, Any]
) -> None:
    """Also where the digests are right: whoever pushes an image writes both documents."""
    store = ContentStore(Home(tmp_path / "home"))
    ref = scripted.ref("app")
    for raw in mutants(document):
        manifest = raw
        config = CONFIG
        if document is CONFIGURATION:
            config = raw
            described = {"mediaType": media.OCI_CONFIG, "digest": blob(raw).digest, "size": len(raw)}
            manifest = json.dumps({**LAYERED, "config": described}).encode()

        def reply(asked: Asked, manifest: bytes = manifest, config: bytes = config) -> Reply:
            if "/manifests/" in asked.path:
                return Reply(body=manifest, headers={"Content-Type": media.OCI_MANIFEST})
            return Reply(body=CONTENT if DESC.digest in asked.path else config)

        answers(scripted, reply)
        with suppress(DockmagicError):
            pull(hasty.repository(ref), store, ref)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_one_or_none(address: str) -> None:
    """No other error than that it is none."""
    for read in (origin, lambda text: join("http://127.0.0.1:5000/v2/", text)):
        with suppress(RegistryError):
            read(address)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://inner\\@outer/", "inner"),
        ("http://user@inner:80@outer/", "outer"),
        ("http://outer#@inner/", "outer"),
        ("http://OUTER.:80/", "outer"),
        ("http://[::FFFF:127.0.0.1]/", "::ffff:127.0.0.1"),
    ],
)
def test_a_check_sees_the_host_that_is_connected_to(address: str, host: str) -> None:
    """Credentials and the guard of private networks depend on it."""
    assert origin(address) == ("http", host, 80)
