"""Tags, catalogues and search, also from registries whose pages never end."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from scripted_registry import Reply

from dockmagic.oci.errors import ImageNotFound, InvalidDocument, InvalidInput, NotSupported, RegistryError
from dockmagic.store.registry.configuration import RegistryConfiguration
from dockmagic.store.registry.credentials import CredentialStore
from dockmagic.store.registry.registries import Registries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripted_registry import Asked, Scripted

TAGS = "/v2/app/tags/list"
FOUND = {
    "results": [
        {"name": "user/app", "description": "An\n app", "star_count": 3, "is_official": False},
        {"name": "app", "description": None, "star_count": 900, "is_official": True},
        {"name": "library/apple", "description": "", "star_count": 1, "is_official": True},
    ]
}


@pytest.fixture
def hub(scripted: Scripted, environ: dict[str, str]) -> Iterator[Registries]:
    """Registries in which the scripted one stands in for docker.io."""
    configuration = RegistryConfiguration.offline({"docker.io": scripted.host})
    registries = Registries(configuration, CredentialStore.load(environ), environ=environ)
    yield registries
    registries.close()


def test_tags_come_page_by_page(scripted: Scripted, registries: Registries) -> None:
    """By relative links and by absolute ones with the registry's inner name."""
    link = f'<http://inner:5000{TAGS}?last=b&n=2>; rel="next"'
    scripted.on(
        "GET",
        TAGS,
        Reply(body={"tags": ["a", "b"]}, headers={"Link": link}),
        Reply(body={"tags": ["b", "c"]}, headers={"Link": f"<{TAGS}?last=c>; rel=next"}),
        Reply(body={"name": "app", "tags": ["d"]}),
    )
    assert list(registries.repository(scripted.ref("app")).tags()) == ["a", "b", "c", "d"]
    assert scripted.asked[1].query == {"last": ["b"], "n": ["2"]}


def test_a_repository_without_tags_has_none(scripted: Scripted, registries: Registries) -> None:
    """`null` is how Go writes it."""
    scripted.on("GET", TAGS, Reply(body={"name": "app", "tags": None}))
    assert list(registries.repository(scripted.ref("app")).tags()) == []


@pytest.mark.parametrize("changing", [False, True])
def test_pages_that_go_in_circles_end(scripted: Scripted, registries: Registries, *, changing: bool) -> None:
    """Whether the address repeats or only its content."""
    numbers = count()
    scripted.on(
        "GET",
        TAGS,
        lambda _asked: Reply(
            body={"tags": ["a"]},
            headers={"Link": f'<{TAGS}?last=a&x={next(numbers) if changing else 0}>; rel="next"'},
        ),
    )
    with pytest.raises(RegistryError, match="without end"):
        list(registries.repository(scripted.ref("app")).tags())
    assert len(scripted.asked) < 4


def test_a_list_that_is_none_is_named(scripted: Scripted, registries: Registries) -> None:
    """And so is a repository that does not exist."""
    scripted.on("GET", TAGS, Reply(body=b"[1, 2"))
    with pytest.raises(InvalidDocument, match="no list"):
        list(registries.repository(scripted.ref("app")).tags())
    scripted.on("GET", TAGS, Reply(404, {"errors": [{"code": "NAME_UNKNOWN"}]}))
    with pytest.raises(ImageNotFound):
        list(registries.repository(scripted.ref("app")).tags())


def test_the_catalogue_asks_for_its_own_scope(scripted: Scripted, registries: Registries) -> None:
    """A registry without one says so."""
    scripted.on("GET", "/v2/_catalog", Reply(body={"repositories": ["app", "team/tool"]}))
    assert list(registries.catalog(scripted.host)) == ["app", "team/tool"]
    scripted.on("GET", "/v2/_catalog", Reply(404))
    with pytest.raises(NotSupported, match="no list of its repositories"):
        list(registries.catalog(scripted.host))


def test_search_asks_as_docker_does(scripted: Scripted, hub: Registries) -> None:
    """Most stars first, one line each, official names short."""
    scripted.on("GET", "/v1/search", Reply(body=FOUND))
    found = hub.search("app", limit=10)
    assert [(result.name, result.stars, result.is_official) for result in found] == [
        ("app", 900, True),
        ("user/app", 3, False),
        ("apple", 1, True),
    ]
    assert found[1].description == "An app"
    assert scripted.asked[0].query == {"q": ["app"], "n": ["10"]}


def test_search_filters(scripted: Scripted, hub: Registries) -> None:
    """is-official, stars and limit."""
    scripted.on("GET", "/v1/search", Reply(body=FOUND))
    assert [result.name for result in hub.search("app", is_official=False)] == ["user/app"]
    assert [result.name for result in hub.search("app", stars=3)] == ["app", "user/app"]
    assert [result.name for result in hub.search("app", limit=1)] == ["app"]
    for limit in (0, 101):
        with pytest.raises(InvalidInput, match="limit"):
            hub.search("app", limit=limit)
    with pytest.raises(InvalidInput, match="nothing to search"):
        hub.search(" ")


def test_a_registry_without_search_is_searched_by_its_catalogue(scripted: Scripted, registries: Registries) -> None:
    """With full names, so that they can be pulled."""

    def page(asked: Asked) -> Reply:
        return Reply(body={"repositories": ["app", "team/app-tool", "other"]} if asked else {})

    scripted.on("GET", "/v2/_catalog", page)
    found = registries.search(f"{scripted.host}/APP")
    assert [result.name for result in found] == [f"{scripted.host}/app", f"{scripted.host}/team/app-tool"]
    assert len(registries.search(f"{scripted.host}/")) == 3
    assert len(registries.search(f"{scripted.host}/", limit=2)) == 2
