"""Image references: the grammar, what is added to short names, and how docker shows them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidInput, InvalidReference
from dockmagic.oci.reference import Parts, Reference, is_domain, is_identifier, split

DIGEST = str(Digest.of(b"dockmagic"))
LONG = "a" * 255


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ubuntu", ("", "ubuntu", "", "")),
        ("ubuntu:12.04", ("", "ubuntu", "12.04", "")),
        ("org/app", ("org", "app", "", "")),
        ("localhost:5000", ("", "localhost", "5000", "")),
        ("localhost:5000/app", ("localhost:5000", "app", "", "")),
        ("localhost:5000/app:v1", ("localhost:5000", "app", "v1", "")),
        (f"quay.io/a/b/c@{DIGEST}", ("quay.io", "a/b/c", "", DIGEST)),
        (f"quay.io/a:t@{DIGEST}", ("quay.io", "a", "t", DIGEST)),
        ("Registry.Example/app", ("Registry.Example", "app", "", "")),
        ("[2001:db8::1]:5000/app", ("[2001:db8::1]:5000", "app", "", "")),
        ("[::1]/app", ("[::1]", "app", "", "")),
        ("xn--bcher-kva.example/app", ("xn--bcher-kva.example", "app", "", "")),
        ("a.b/c__d-e.f---g_h", ("a.b", "c__d-e.f---g_h", "", "")),
        ("app:_", ("", "app", "_", "")),
        ("app:" + "t" * 128, ("", "app", "t" * 128, "")),
        (LONG, ("", LONG, "", "")),
    ],
)
def test_the_grammar_takes_references_apart(text: str, parts: tuple[str, str, str, str]) -> None:
    """Domain, path, tag and digest, by the grammar alone: nothing is added."""
    assert split(text) == Parts(*parts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":tag",
        "@" + DIGEST,
        "app:",
        "app@",
        "app:.dot",
        "app:-dash",
        "app:" + "t" * 129,
        "app:a b",
        "app::x",
        "app@sha256:" + "0" * 63,
        "app@sha256:" + "g" * 64,
        "app@md5:" + "0" * 32,
        "app:tag@",
        "Ubuntu",
        "a/B",
        "-app",
        "app-",
        "a..b",
        "a._b",
        "a___b",
        "a//b",
        "/a",
        "a/",
        "a/../b",
        "a/./b",
        "a\\b",
        "app\n",
        " app",
        "app ",
        "a\x00b",
        "ünïcode",
        "app:täg",
        "https://quay.io/app",
        "docker://app",
        "-quay.io/app",
        "quay-.io/app",
        "quay.io:port/app",
        "[::1/app",
        "[::g]/app",
        "a" * 256,
    ],
)
def test_what_the_grammar_does_not_know_is_refused(text: str) -> None:
    """Each is one line with a hint, for a person or for a program."""
    for read in (split, Reference.parse):
        with pytest.raises(InvalidReference) as caught:
            read(text)
        assert "\n" not in str(caught.value)
        assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" app", "white space"),
        ("https://quay.io/app", "leave out https://"),
        ("Ubuntu", "must be lowercase"),
        ("localhost:5000/App", "must be lowercase"),
        ("my_host.example/app", "'my_host.example' is not the name of a registry"),
        ("f" * 64, "is an ID"),
    ],
)
def test_a_common_slip_is_named(text: str, why: str) -> None:
    """The line says what is wrong, not only that something is."""
    with pytest.raises(InvalidReference, match=why):
        Reference.parse(text)


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("ubuntu:12.04", "docker.io/library/ubuntu:12.04", "ubuntu:12.04"),
        ("haochen/testrepo", "docker.io/haochen/testrepo", "haochen/testrepo"),
        ("library/ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("docker.io/ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("index.docker.io/ubuntu", "docker.io/library/ubuntu", "ubuntu"),
        ("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("127.0.0.1:5000/app:1", "127.0.0.1:5000/app:1", "127.0.0.1:5000/app:1"),
        ("Upper/app", "Upper/app", "Upper/app"),
        (f"ubuntu:12.04@{DIGEST}", f"docker.io/library/ubuntu:12.04@{DIGEST}", f"ubuntu:12.04@{DIGEST}"),
    ],
)
def test_short_names_belong_to_docker_hub(text: str, full: str, familiar: str) -> None:
    """What docker adds is added, and what docker leaves out is left out again."""
    reference = Reference.parse(text)
    assert (str(reference), reference.familiar) == (full, familiar)
    assert Reference.parse(reference.familiar) == reference


def test_latest_stands_in_for_no_tag_and_no_digest() -> None:
    """A digest needs no tag, and it wins where both are given."""
    assert str(Reference.parse("a").canonical()) == "docker.io/library/a:latest"
    assert str(Reference.parse(f"a:1@{DIGEST}").canonical()) == f"docker.io/library/a@{DIGEST}"
    assert str(Reference.parse(f"a@{DIGEST}").or_latest()) == f"docker.io/library/a@{DIGEST}"


def test_another_tag_or_digest_of_the_same_repository() -> None:
    """A tag replaces the digest and the other way round; what is no tag is refused."""
    reference = Reference.parse("quay.io/app:1")
    assert str(reference.with_tag("2")) == "quay.io/app:2"
    assert str(reference.with_digest(DIGEST)) == f"quay.io/app@{DIGEST}"
    for wrong in ("", ".x", "a:b", "a\n", "t" * 129):
        with pytest.raises(InvalidReference):
            reference.with_tag(wrong)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("org/app", True),
        ("org/app:1.0", True),
        ("org/*", True),
        ("*/app", True),
        ("org/a?p", True),
        ("org/[a-c]pp", True),
        ("org/[^b]pp", True),
        ("*", False),
        ("org", False),
        ("org/app:2", False),
        ("org/[b-c]pp", False),
        ("orgXapp", False),
    ],
)
def test_patterns_are_those_of_docker_images(pattern: str, fits: bool) -> None:  # noqa: FBT001 - a row of the table
    """A glob whose stars stop at a slash, beside the familiar name with or without its tag."""
    assert Reference.parse("org/app:1.0").matches(pattern) is fits


@pytest.mark.parametrize(
    "text", ["a", "a.b", "a-b.c", "A.B", "localhost:1", "127.0.0.1", "[::1]:443", "xn--80a.example"]
)
def test_hosts_are_domains(text: str) -> None:
    """Names, addresses and ports."""
    assert is_domain(text)


@pytest.mark.parametrize("text", ["", "a:", "a:b", "-a", "a-", "a..b", ".a", "a/b", "[::1", "a_b", "a b"])
def test_what_is_no_host_is_no_domain(text: str) -> None:
    """Nothing that could lead a request elsewhere."""
    assert not is_domain(text)


def test_an_identifier_is_64_lower_case_digits() -> None:
    """Such a word means an ID, so it is no repository's name; with a path before it, it is."""
    assert is_identifier("0" * 64)
    assert not any(map(is_identifier, ["0" * 63, "0" * 65, "F" * 64, "g" * 64]))
    assert Reference.parse("org/" + "f" * 64).path == "org/" + "f" * 64


_component = st.from_regex(r"[a-z0-9]+((\.|_|__|-{1,3})[a-z0-9]+)*", fullmatch=True).filter(lambda text: len(text) < 40)


@given(
    st.sampled_from(["", "quay.io/", "localhost:5000/", "[::1]:5000/"]),
    st.lists(_component, min_size=1, max_size=4),
    st.sampled_from(["", ":v1", ":_.-"]),
    st.sampled_from(["", "@" + DIGEST]),
)
def test_what_is_read_can_be_written_and_read_again(domain: str, path: list[str], tag: str, digest: str) -> None:
    """The full and the familiar form both mean the same reference."""
    text = domain + "/".join(path) + tag + digest
    # A first component with a dot means a host, and 64 digits mean an ID.
    assume(domain or not ("." in path[0] or is_identifier(path[0])))
    reference = Reference.parse(text)
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.familiar) == reference


@pytest.mark.parametrize("pattern", ["[z-a]", "[", "[]", "[a", "a\\", "[^", "[--0]"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    """In one line, as in a Dockerfile."""
    with pytest.raises(InvalidInput, match="syntax error in pattern"):
        Reference.parse("org/app:1.0").matches(pattern)


def test_a_pattern_of_many_stars_is_matched_at_once() -> None:
    """A backtracking engine would take longer than the universe has."""
    assert not Reference.parse("a" * 200).matches("*a" * 60 + "b")
