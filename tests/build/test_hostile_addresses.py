"""ADD of addresses that are none: of a Dockerfile, a redirect, a header. One line each, and never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from website import Site

from dockmagic.builder.sources.address import without_password
from dockmagic.builder.sources.context import fetch_dockerfile, open_context, open_named
from dockmagic.oci.errors import DockmagicError, InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from copy_harness import CopyHarness

NO_ADDRESSES = (
    "http://[::", "https://[", "http://user:secret@[::/x", "http://127.0.0.1:999999/x", "http://127.0.0.1:port/x",
    "http://127.0.0.1:-1/x", "http:///x", "http://@/x", "http://127.0.0.1:\N{ARABIC-INDIC DIGIT FIVE}/x",
)  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A running server with a file."""
    root = tmp_path / "site"
    root.mkdir()
    (root / "f").write_text("text")
    found = Site(root)
    yield found
    found.close()


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_what_is_no_address_is_refused(copies: CopyHarness, address: str) -> None:
    """As the source of an ADD, as a context and as a Dockerfile; the password is not shown."""
    home = copies.store.home
    for ask in (
        lambda: copies.prepared(f"ADD {address} /x"),
        lambda: open_context(home, address),
        lambda: open_named(home, "name", address),
        lambda: fetch_dockerfile(home, address),
    ):
        with pytest.raises(InvalidInput, match=r"is no address|names no server") as caught:
            ask()
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_an_address_that_is_not_utf8_is_refused(copies: CopyHarness) -> None:
    """It can stand on the command line alone: a Dockerfile is UTF-8."""
    with pytest.raises(InvalidInput, match="it is not UTF-8"):
        open_context(copies.store.home, "http://127.0.0.1:1/\udcff")


@pytest.mark.parametrize("target", [*NO_ADDRESSES[:6], "ftp://x/y", "file:///etc/passwd", "//["])
def test_a_redirect_to_no_address_is_refused(copies: CopyHarness, site: Site, target: str) -> None:
    """With where it would lead to."""
    site.odd["Location"] = target
    with pytest.raises(NotFound, match=r"leads to .* which is no address of the web") as caught:
        copies.prepared(f"ADD {site.url}/moved/f /x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("length", ["letters", "9" * 5000, "\N{ARABIC-INDIC DIGIT FIVE}".encode().decode("latin-1")])
def test_a_length_that_is_no_number_is_refused(copies: CopyHarness, site: Site, length: str) -> None:
    """Where the answer ends cannot be known (RFC 9112, section 6.3): one line says so, and nothing is copied."""
    site.odd |= {"Content-Length": length}
    with pytest.raises(DockmagicError, match="Content-Length that is no number"):
        copies.run(f"ADD {site.url}/f /x")


def test_a_date_that_is_none_is_not_believed(copies: CopyHarness, site: Site) -> None:
    """The file is copied all the same."""
    site.odd |= {"Last-Modified": "Mon, 99 Foo 99999 99:99:99 GMT"}
    assert copies.run(f"ADD {site.url}/f /x")["/x"].endswith("text")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a%20b", "a b"),
        ("d%2ff", "f"),
        ("x/%2e%2e", "__unnamed__"),
        ("f%00g", "__unnamed__"),
        ("?name=../g", "__unnamed__"),
        ("%E9", "\udce9"),
    ],
)
def test_the_name_of_a_file_stays_in_its_folder(copies: CopyHarness, site: Site, path: str, name: str) -> None:
    """The last part of the path, decoded as docker has it; no header renames it."""
    site.only = "f"
    tree = copies.run(f"ADD {site.url}/{path} /to/")
    assert sorted(tree) == ["/to", f"/to/{name}"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@host/x", "https://me:***@host/x"),
        ("http://me:secret@[::/x", "http://me:***@[::/x"),
        ("https://me@host/x:y@z", "https://me@host/x:y@z"),
        ("https://me:a@b@host/", "https://me:***@host/"),
        ("git@host:me/x", "git@host:me/x"),
    ],
)
def test_passwords_are_hidden_in_what_is_no_address_too(url: str, shown: str) -> None:
    """User names stay."""
    assert without_password(url) == shown
