"""Files that look like secrets. The tokens are made up here, so that nobody's scanner takes them for real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.image.analysis.secrets import find_secrets, secret_by_name, secret_in

if TYPE_CHECKING:
    from conftest import MakeImage

_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 2
_KEY = b"-----BEGIN OPENSSH " + b"PRIVATE KEY-----\n" + _LETTERS[:64] + b"\n-----END"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (_KEY, "private key"),
        (b"key: " + b"AKIA" + b"ABCDEFGHIJKLMNOP", "AWS access key"),
        (b"url = https://" + b"ghp" + b"_" + _LETTERS[:36] + b"@host", "GitHub token"),
        (b"gl" + b"pat-" + _LETTERS[:20], "GitLab token"),
        (b"xo" + b"xb-1234567890-" + _LETTERS[:24], "Slack token"),
        (b'"np' + b"m_" + _LETTERS[:36] + b'"', "npm token"),
        (b"pyp" + b"i-AgE" + _LETTERS[:80], "PyPI token"),
        (b"AI" + b"za" + _LETTERS[:35], "Google API key"),
        (b"//registry.example.com/:_auth" + b"Token=0123456789abcdef-0123\n", "registry token"),
    ],
)
def test_what_is_written_tells_a_secret(content: bytes, kind: str) -> None:
    """In the form that its issuer gives it, in a text."""
    assert secret_in(b"some text\n" + content + b"\n") == kind
    assert secret_in(b"\x7fELF\0" + content) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"-----BEGIN " + b"PRIVATE KEY-----",
        b"-----BEGIN PUBLIC KEY-----\n" + _LETTERS,
        b"XAKIA" + b"A" * 16,
        b"npm_install",
    ],
)
def test_what_only_speaks_of_secrets_is_none(content: bytes) -> None:
    """The mark of a key without a key, public keys, words that begin like a token."""
    assert secret_in(content) == ""


def test_names_tell_a_secret() -> None:
    """By the whole last part of a path, or its ending."""
    assert secret_by_name(b"root/.ssh/id_ed25519") == "SSH key"
    assert secret_by_name(b"home/app/.docker/config.json") == "docker credentials"
    assert secret_by_name(b"srv/store.p12") == "key store"
    assert secret_by_name(b"root/.ssh/id_ed25519.pub") == ""
    assert secret_by_name(b"etc/config.json") == ""


def test_a_deleted_key_is_found_in_its_layer(make_image: MakeImage) -> None:
    """A container does not see it, whoever has the image does; empty files keep no secret."""
    image = make_image(
        {"app/key.pem": _KEY, "app/.netrc": b"machine x", "root/.netrc": b"", "a": b"text"}, {"app/key.pem": None}
    )
    assert find_secrets(image.files, image.layers) == {b"app/.netrc": "passwords of hosts"}
    assert find_secrets(image.layers[0].files, image.layers) == {
        b"app/.netrc": "passwords of hosts",
        b"app/key.pem": "private key",
    }
