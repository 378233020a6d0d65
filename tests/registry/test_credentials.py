"""docker's config.json, podman's auth.json and credential helpers."""

from __future__ import annotations

import base64
import json
import os
import pickle
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scripted_registry import Reply

from dockmagic.oci.errors import CredentialError, DockmagicError
from dockmagic.registry.auth.credentials import Credential, CredentialStore
from dockmagic.registry.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_registry import Scripted

    from dockmagic.registry.registries import Registries

HELPER = """#!/bin/sh
dir="$(dirname "$0")"
case "$1" in
store) cat > "$dir/kept" ;;
get) read -r server
     [ "$server" = "$(cat "$dir/server")" ] || { echo "credentials not found in native keychain"; exit 1; }
     [ -e "$dir/broken" ] && { echo "panic s3cret"; exit 2; }; cat "$dir/kept" ;;
erase) rm "$dir/kept" "$dir/server" ;;
esac
"""


def encoded(text: str) -> dict[str, str]:
    """An entry as docker writes it."""
    return {"auth": base64.b64encode(text.encode()).decode()}


@pytest.fixture
def config(environ: dict[str, str]) -> Callable[[dict[str, object]], Path]:
    """Writes docker's config.json."""

    def write(document: dict[str, object]) -> Path:
        file = Path(environ["HOME"]) / ".docker/config.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(document))
        return file

    return write


@pytest.fixture
def helper(environ: dict[str, str], tmp_path: Path) -> Path:
    """A folder with ``docker-credential-test``, on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker-credential-test").write_text(HELPER)
    (folder / "docker-credential-test").chmod(0o755)
    environ["PATH"] = f"{folder}:{environ['PATH']}"
    return folder


def user(environ: dict[str, str], domain: str, repository: str = "") -> str | None:
    """Name and secret that are found."""
    found = CredentialStore.load(environ).get(domain, repository)
    return None if found is None else f"{found.username}:{found.secret.reveal()}"


def test_nothing_configured_is_no_credential(environ: dict[str, str]) -> None:
    """And no error."""
    assert user(environ, "docker.io") is None


def test_docker_hub_has_its_old_key(environ: dict[str, str], config: Callable[..., Path]) -> None:
    """Other registries stand under their host, or an address of old."""
    config({"auths": {"https://index.docker.io/v1/": encoded("ann:a:b"), "https://quay.io/v1/": encoded("bob:x")}})
    assert user(environ, "docker.io", "library/ubuntu") == "ann:a:b"
    assert user(environ, "quay.io") == "bob:x"
    assert user(environ, "quay.io:443") is None


def test_podmans_namespaced_keys_are_the_most_particular_first(environ: dict[str, str], tmp_path: Path) -> None:
    """In auth.json, wherever that is."""
    auths = {"quay.io": encoded("all:1"), "quay.io/team": encoded("team:2"), "quay.io/team/app": encoded("app:3")}
    for variable, file in (
        ("XDG_RUNTIME_DIR", tmp_path / "run/containers/auth.json"),
        ("XDG_CONFIG_HOME", tmp_path / "conf/containers/auth.json"),
        ("REGISTRY_AUTH_FILE", tmp_path / "auth.json"),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"auths": auths}))
        environ[variable] = str(file if variable == "REGISTRY_AUTH_FILE" else file.parent.parent)
        assert user(environ, "quay.io", "team/app") == "app:3"
        assert user(environ, "quay.io", "team/app2") == "team:2"
        assert user(environ, "quay.io", "teams/app") == "all:1"
        file.unlink()
        del environ[variable]


def test_a_login_keeps_what_it_does_not_know(environ: dict[str, str], config: Callable[..., Path]) -> None:
    """Atomically, for the owner's eyes only, through a link."""
    file = config({"auths": {"quay.io": encoded("bob:x")}, "psFormat": "table", "HttpHeaders": {"X": "y"}})
    real = file.with_name("dotfiles.json")
    file.rename(real)
    file.symlink_to(real.name)
    store = CredentialStore.load(environ)
    assert store.store("docker.io", Credential("ann", Secret("pä:ss"))) == str(file)
    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    document = json.loads(real.read_text())
    assert document["psFormat"] == "table"
    assert document["HttpHeaders"] == {"X": "y"}
    assert set(document["auths"]) == {"quay.io", "https://index.docker.io/v1/"}
    assert user(environ, "docker.io") == "ann:pä:ss"
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(".")] == []
    assert store.erase("docker.io")
    assert user(environ, "docker.io") is None
    assert user(environ, "quay.io") == "bob:x"


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"auths": {"quay.io": {"auth": "%%%"}}}', '{"auths": {"quay.io": {"auth": 7}}}']
)
def test_a_broken_file_is_named_and_left_alone(environ: dict[str, str], config: Callable[..., Path], text: str) -> None:
    """Nothing of its content is shown."""
    file = config({})
    file.write_text(text)
    with pytest.raises(CredentialError, match=r"config\.json"):
        CredentialStore.load(environ).get("quay.io")
    assert file.read_text() == text


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(environ: dict[str, str], config: Callable[..., Path]) -> None:
    """With the reason."""
    config({}).chmod(0)
    with pytest.raises(CredentialError, match="Permission"):
        CredentialStore.load(environ).get("quay.io")


@pytest.mark.parametrize("by", [{"credsStore": "test"}, {"credHelpers": {"quay.io": "test"}}])
def test_a_helper_keeps_finds_and_forgets(
    environ: dict[str, str], config: Callable[..., Path], helper: Path, by: dict[str, object]
) -> None:
    """The protocol of docker-credential-helpers; nothing gets into the file."""
    file = config(by)
    (helper / "server").write_text("quay.io")
    store = CredentialStore.load(environ)
    assert store.store("quay.io", Credential("ann", Secret("s3cret"))) == "docker-credential-test"
    assert "auths" not in json.loads(file.read_text())
    assert user(environ, "quay.io") == "ann:s3cret"
    assert user(environ, "other.example") is None
    assert store.erase("quay.io")
    assert not store.erase("quay.io")


def test_a_helper_may_hold_an_identity_token(
    environ: dict[str, str], config: Callable[..., Path], helper: Path
) -> None:
    """By the user name <token>; Docker Hub is asked for by its old address."""
    config({"credsStore": "test"})
    (helper / "server").write_text("https://index.docker.io/v1/")
    CredentialStore.load(environ).store("docker.io", Credential("", Secret(""), identity_token=Secret("idtok")))
    assert json.loads((helper / "kept").read_text())["Username"] == "<token>"
    found = CredentialStore.load(environ).get("docker.io")
    assert found is not None
    assert found.identity_token.reveal() == "idtok"


def test_a_helper_that_fails_is_named_without_its_words(
    environ: dict[str, str], config: Callable[..., Path], helper: Path
) -> None:
    """They may hold the secret."""
    config({"credsStore": "test"})
    (helper / "server").write_text("quay.io")
    (helper / "broken").touch()
    with pytest.raises(CredentialError, match="docker-credential-test failed with status 2") as raised:
        CredentialStore.load(environ).get("quay.io")
    assert "s3cret" not in str(raised.value)
    (helper / "broken").unlink()
    (helper / "kept").write_text("s3cret")
    with pytest.raises(CredentialError, match="something else than JSON") as raised:
        CredentialStore.load(environ).get("quay.io")
    assert "s3cret" not in "".join(traceback.format_exception(raised.value))
    config({"credsStore": "absent"})
    with pytest.raises(CredentialError, match="not installed"):
        CredentialStore.load(environ).get("quay.io")


def test_a_secret_shows_nowhere() -> None:
    """Nor is it written anywhere by accident."""
    credential = Credential("ann", Secret("s3cret"), Secret("idtok"))
    assert "s3cret" not in f"{credential!r} {credential} {vars(Secret)} {[credential]}"
    assert "idtok" not in repr(credential)
    with pytest.raises(TypeError):
        pickle.dumps(credential)


def test_no_error_shows_a_secret_even_with_the_variables_of_its_frames(
    scripted: Scripted, make: Callable[..., Registries], environ: dict[str, str], config: Callable[..., Path]
) -> None:
    """A registry that repeats what it was sent, and a traceback as IPython's verbose mode shows it."""
    config({"auths": {scripted.host: encoded("ann:s3cret")}})
    challenge = {"WWW-Authenticate": f'Bearer realm="{scripted.url}/token"'}
    scripted.on("GET", "/token", Reply(body={"token": "t0ken"}))
    base = base64.b64encode(b"ann:s3cret").decode()
    scripted.on(
        "GET",
        "/v2/app/manifests/latest",
        lambda asked: (
            Reply(403, {"errors": [{"code": "DENIED", "message": f"{asked.authorization} s3cret {base}"}]})
            if asked.authorization
            else Reply(401, b"", challenge)
        ),
    )
    ref = scripted.ref("app")
    with pytest.raises(DockmagicError) as raised:
        make().repository(ref).fetch(ref)
    with pytest.raises(DockmagicError) as at_login:
        make().login(scripted.host, "ann", Secret("s3cret"))
    for error in (raised.value, at_login.value):
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        text = "".join(line for line in shown.format() if "test_credentials.py" not in line)
        for secret in ("s3cret", "t0ken", base):
            assert secret not in text
