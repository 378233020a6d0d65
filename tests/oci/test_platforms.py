"""Platforms under the many names that people and machines have for them."""

from __future__ import annotations

import pytest

from dockmagic.oci.errors import InvalidPlatform
from dockmagic.oci.platforms import Platform


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("Linux/x86-64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/armv7l", "linux/arm/v7"),
        ("linux/i386", "linux/386"),
        ("linux/i686", "linux/386"),
        ("macos/arm64", "darwin/arm64"),
        ("windows/amd64", "windows/amd64"),
        ("linux/riscv64", "linux/riscv64"),
        ("arm64", "linux/arm64"),
        ("aarch64", "linux/arm64"),
        ("armhf", "linux/arm/v7"),
        ("s390x", "linux/s390x"),
        ("ppc64le", "linux/ppc64le"),
    ],
)
def test_common_names_become_the_usual_one(text: str, usual: str) -> None:
    """Distributions' and kernels' names of processors are read, and written as Go names them."""
    assert str(Platform.parse(text)) == usual


def test_a_system_alone_means_this_processor() -> None:
    """``--platform linux`` asks for what runs here."""
    assert Platform.parse("linux") == Platform.local()


@pytest.mark.parametrize(
    "text", ["", "/", "linux/", "linux/amd64/v1/x", "lin ux/amd64", "linux/am*64", "quark", "$(id)"]
)
def test_what_is_no_platform_is_refused(text: str) -> None:
    """Empty parts, a fourth part, odd letters, unknown words."""
    with pytest.raises(InvalidPlatform):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("linux/amd64", ["linux/amd64", "linux/386"]),
        ("linux/amd64/v3", ["linux/amd64/v3", "linux/amd64", "linux/386"]),
        ("linux/arm64", ["linux/arm64"]),
        ("linux/arm/v7", ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
        ("linux/arm/v5", ["linux/arm/v5"]),
    ],
)
def test_a_machine_runs_what_is_older(text: str, runs: list[str]) -> None:
    """An ARM runs older variants, an x86 of a higher level the lowest and 386; the best choice comes first."""
    assert [str(choice) for choice in Platform.parse(text).choices()] == runs
    assert all(Platform.parse(text).accepts(Platform.parse(each)) for each in runs)
    assert Platform.parse(text).accepts(Platform())
    assert not Platform.parse(text).accepts(Platform.parse("linux/s390x"))


def test_an_indexs_words_are_compared_in_their_usual_form() -> None:
    """What a publisher wrote as x86_64 is found by who looks for amd64."""
    assert Platform(architecture="x86_64", os="Linux").normalized() == Platform.parse("linux/amd64")


def test_the_default_is_dockers_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """``DOCKER_DEFAULT_PLATFORM`` comes before this machine; nonsense in it is said, not passed over."""
    assert Platform.default() == Platform.local()
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "linux/s390x")
    assert str(Platform.default()) == "linux/s390x"
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "a b")
    with pytest.raises(InvalidPlatform):
        Platform.default()
