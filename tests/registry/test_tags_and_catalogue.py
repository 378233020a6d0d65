"""Tags, catalogues and search, also from registries whose pages never end."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import pytest
from scripted_registry import Reply

from dockmagic.oci.errors import ImageNotFound, InvalidDocument, InvalidInput, NotSupported, RegistryError
from dockmagic.registry.auth.credentials import CredentialStore
from dockmagic.registry.configuration.configuration import RegistryConfiguration
from dockmagic.registry.registries import Registries
from dockmagic.registry.transfer.link import next_link

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


@pytest.mark.parametrize(
    "link",
    [
        '<{next}>; rel="Next"',
        "<{next}>; REL=NEXT",
        '<{next}>; rel="prev next"',
        '<{next}>; title="one, two"; rel="next"',
        '<{next}>; title="a > b; rel=prev"; rel="next"',
        "<{next}>;rel=next;title=x",
        '</v2/app/tags/list?n=1>; rel="prev", <{next}>; rel="next"',
        '</v2/app/tags/list?n=1>; rel=prev; title="x, <y>; rel=next",<{next}>; rel=next',
        "<{next}>",
        '{next}; rel="next"',
        '<?n=10&last=b>; rel="next"',
        '<list?n=10&last=b>; rel="next"',
        '  <{next}> ; rel = "next" ; n=1 ',
    ],
)
def test_a_list_goes_on_however_its_link_is_written(scripted: Scripted, registries: Registries, link: str) -> None:
    """RFC 8288, and what registries make of it."""

    def page(asked: Asked) -> Reply:
        if "last" in asked.query:
            return Reply(body={"tags": ["c", "d"]}, headers={"Link": '<x>; rel="prev"; title="next"'})
        return Reply(body={"tags": ["a", "b"]}, headers={"Link": link.format(next=f"{TAGS}?last=b&n=10")})

    scripted.on("GET", TAGS, page)
    assert list(registries.repository(scripted.ref("app")).tags()) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("link", ["<", '"', '<x>; rel="next', "<http://[::>; rel=next", ";", "<x> y", "http://a b"])
def test_a_list_whose_link_cannot_be_read_is_not_the_whole(
    scripted: Scripted, registries: Registries, link: str
) -> None:
    """What has come is given, and then an error."""
    scripted.on("GET", TAGS, Reply(body={"tags": ["a"]}, headers={"Link": link}))
    tags = registries.repository(scripted.ref("app")).tags()
    assert next(tags) == "a"
    with pytest.raises(RegistryError):
        next(tags)


def test_a_hostile_link_takes_no_time() -> None:
    """Sixty kilobytes are read once."""
    for piece in (" ", ";", '"', "; ", "<", '"\\', "; a", '; a="', "a", ",", "; a ="):
        for whole in (piece * (60_000 // len(piece)), f"<x>{piece * (60_000 // len(piece))}\x00"):
            begin = time.monotonic()
            with suppress(ValueError):
                next_link(whole)
            assert time.monotonic() - begin < 1, piece


def test_empty_pages_do_not_end_a_list(scripted: Scripted, registries: Registries) -> None:
    """A registry leaves out what one may not see, also on the first page; but not for ever."""
    link = '<{}?last={}>; rel="next"'
    replies = [
        Reply(body={"tags": tags}, headers={"Link": link.format(TAGS, n)})
        for n, tags in enumerate([[], None, ["a"], []])
    ]
    scripted.on("GET", TAGS, *replies, Reply(body={"tags": ["b"]}))
    assert list(registries.repository(scripted.ref("app")).tags()) == ["a", "b"]
    numbers = count()
    scripted.on(
        "GET", TAGS, lambda _asked: Reply(body={"tags": []}, headers={"Link": link.format(TAGS, next(numbers))})
    )
    with pytest.raises(RegistryError, match="without end"):
        list(registries.repository(scripted.ref("app")).tags())


@pytest.mark.parametrize("most", [100, 10])
@pytest.mark.parametrize("status", [400, 422])
def test_a_registry_with_a_limit_for_pages_is_asked_for_less(
    scripted: Scripted, registries: Registries, most: int, status: int
) -> None:
    """And in the end for as many as it likes."""
    names = [f"t{number:03}" for number in range(250)]

    def page(asked: Asked) -> Reply:
        size = int(asked.query.get("n", [str(most)])[0])
        if size > most:
            return Reply(status, {"errors": [{"code": "PAGINATION_NUMBER_INVALID"}]})
        start = names.index(asked.query["last"][0]) + 1 if "last" in asked.query else 0
        found = names[start : start + size]
        more = {"Link": f'<{TAGS}?n={size}&last={found[-1]}>; rel="next"'} if start + size < len(names) else {}
        return Reply(body={"tags": found}, headers=more)

    scripted.on("GET", TAGS, page)
    assert list(registries.repository(scripted.ref("app")).tags()) == names


@pytest.mark.parametrize("ignores", [False, True])
def test_a_full_page_without_a_link_need_not_be_the_last(
    scripted: Scripted, registries: Registries, *, ignores: bool
) -> None:
    """Some registries know `last` and send no links; others know neither and send the same again."""
    names = [f"t{number:04}" for number in range(2500 if not ignores else 1000)]

    def page(asked: Asked) -> Reply:
        start = 0 if ignores or "last" not in asked.query else names.index(asked.query["last"][0]) + 1
        return Reply(body={"tags": names[start : start + 1000]})

    scripted.on("GET", TAGS, page)
    assert list(registries.repository(scripted.ref("app")).tags()) == names


def test_names_that_are_none_do_not_reach_a_terminal(scripted: Scripted, registries: Registries) -> None:
    """A list of control sequences is no list."""
    for name in ("\x1b[2J", "", "a\nb", "x" * 5000):
        scripted.on("GET", TAGS, Reply(body={"tags": ["ok", name]}))
        with pytest.raises(InvalidDocument, match="no name"):
            list(registries.repository(scripted.ref("app")).tags())


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
