"""registries.conf with drop-ins, certs.d, loopback and the offline switch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scripted_registry import MANIFEST, Reply, blob

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidInput, RegistryBlocked, RegistryError
from dockmagic.oci.reference import Reference
from dockmagic.registry.configuration.configuration import RegistryConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_registry import Scripted

    from dockmagic.registry.registries import Registries


def write(file: Path, text: str) -> None:
    """Write a file with its folders."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture
def load(environ: dict[str, str], tmp_path: Path) -> Callable[[], RegistryConfiguration]:
    """Loads what the test has written below the home and ``etc``."""
    return lambda: RegistryConfiguration.load(environ, system=tmp_path / "etc")


def where(configuration: RegistryConfiguration, name: str) -> list[str]:
    """Each location of `name`, as ``scheme://host/repository``."""
    found = configuration.locate(Reference.parse(name))
    return [f"{place.endpoint.scheme}://{place.endpoint.host}/{place.repository}" for place in found]


def test_without_configuration_everything_is_https_but_loopback(load: Callable[[], RegistryConfiguration]) -> None:
    """And short names belong to docker.io, whatever else is configured."""
    configuration = load()
    assert where(configuration, "ubuntu") == ["https://registry-1.docker.io/library/ubuntu"]
    assert where(configuration, "quay.io/a/b") == ["https://quay.io/a/b"]
    assert where(configuration, "localhost:5000/a") == ["http://localhost:5000/a"]
    assert where(configuration, "127.0.0.1/a") == ["http://127.0.0.1/a"]
    assert where(configuration, "[::1]:5000/a") == ["http://[::1]:5000/a"]
    assert where(configuration, "10.0.0.1:5000/a") == ["https://10.0.0.1:5000/a"]
    assert configuration.endpoint("quay.io").is_strict
    assert not configuration.endpoint("localhost:5000").is_strict


def test_rewriting_mirrors_and_the_longest_prefix(tmp_path: Path, load: Callable[[], RegistryConfiguration]) -> None:
    """As containers-registries.conf(5) says."""
    write(
        tmp_path / "etc/containers/registries.conf",
        """
        unqualified-search-registries = ["quay.io"]
        [[registry]]
        prefix = "example.com/team"
        location = "inner.example:5000/mirror-of-team"
        [[registry]]
        location = "example.com"
        [[registry.mirror]]
        location = "mirror.example/cache"
        [[registry]]
        prefix = "*.corp.example"
        location = "hub.corp.example"
        [[registry]]
        location = "docker.io"
        [[registry.mirror]]
        location = "mirror.example/hub"
        pull-from-mirror = "digest-only"
        """,
    )
    configuration = load()
    assert where(configuration, "example.com/team/app") == ["https://inner.example:5000/mirror-of-team/app"]
    assert where(configuration, "example.com/teams/app")[0] == "https://mirror.example/cache/teams/app"
    assert where(configuration, "example.com/teams/app")[1] == "https://example.com/teams/app"
    assert where(configuration, "a.corp.example/x/y") == ["https://hub.corp.example/x/y"]
    assert where(configuration, "ubuntu") == [
        "https://mirror.example/hub/library/ubuntu",
        "https://registry-1.docker.io/library/ubuntu",
    ]
    mirror = configuration.locate(Reference.parse("ubuntu"))[0]
    assert (mirror.mirror, mirror.by_tag, mirror.by_digest) == (True, False, True)


def test_drop_ins_win_and_the_users_file_replaces_the_systems(
    tmp_path: Path, load: Callable[[], RegistryConfiguration]
) -> None:
    """The user's drop-ins come last."""
    write(tmp_path / "etc/containers/registries.conf", '[[registry]]\nlocation = "a.example"\nblocked = true\n')
    write(tmp_path / ".config/containers/registries.conf", '[[registry]]\nlocation = "b.example"\nblocked = true\n')
    write(
        tmp_path / "etc/containers/registries.conf.d/1.conf", '[[registry]]\nlocation = "c.example"\ninsecure = true\n'
    )
    write(tmp_path / ".config/containers/registries.conf.d/1.conf", '[[registry]]\nlocation = "c.example"\n')
    configuration = load()
    assert where(configuration, "a.example/x") == ["https://a.example/x"]
    with pytest.raises(RegistryBlocked, match=r"registries\.conf"):
        configuration.locate(Reference.parse("b.example/x"))
    with pytest.raises(RegistryBlocked):
        configuration.endpoint("b.example")
    assert configuration.endpoint("c.example").is_strict


def test_the_first_version_still_blocks(tmp_path: Path, load: Callable[[], RegistryConfiguration]) -> None:
    """A forgotten file must not open what it closed."""
    write(
        tmp_path / "etc/containers/registries.conf",
        '[registries.block]\nregistries = ["bad.example"]\n[registries.insecure]\nregistries = ["old.example"]\n',
    )
    configuration = load()
    with pytest.raises(RegistryBlocked):
        configuration.locate(Reference.parse("bad.example/x"))
    endpoint = configuration.endpoint("old.example")
    assert (endpoint.verify, endpoint.other_scheme) == (False, "http")


@pytest.mark.parametrize(
    "text",
    [
        "[[registry]",
        "[[registry]]\nlocation = 3\n",
        "[[registry]]\ninsecure = true\n",
        '[[registry]]\nlocation = "https://x"\n',
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, load: Callable[[], RegistryConfiguration], text: str) -> None:
    """With what is wrong in it."""
    write(tmp_path / "etc/containers/registries.conf", text)
    with pytest.raises(InvalidInput, match=r"registries\.conf"):
        load()


def test_certificates_belong_to_their_registry(tmp_path: Path, load: Callable[[], RegistryConfiguration]) -> None:
    """Docker's folder and containers'; with an authority of its own, loopback speaks TLS and is verified."""
    folder = tmp_path / "etc/docker/certs.d/localhost:5000"
    write(folder / "ca.crt", "authority")
    write(folder / "me.cert", "certificate")
    with pytest.raises(InvalidInput, match="has no key"):
        load().endpoint("localhost:5000")
    write(folder / "me.key", "key")
    endpoint = load().endpoint("localhost:5000")
    assert endpoint.is_strict
    assert endpoint.authorities == (folder / "ca.crt",)
    assert endpoint.client_certificate == (folder / "me.cert", folder / "me.key")
    assert load().endpoint("localhost:5001").authorities == ()


def test_offline_is_offline() -> None:
    """Stand-ins and loopback are reached, nothing else."""
    configuration = RegistryConfiguration.offline({"docker.io": "127.0.0.1:4321"})
    assert where(configuration, "ubuntu") == ["http://127.0.0.1:4321/library/ubuntu"]
    assert where(configuration, "localhost:5000/a") == ["http://localhost:5000/a"]
    with pytest.raises(RegistryBlocked, match="samples"):
        configuration.locate(Reference.parse("quay.io/a/b"))


CONTENT = b"a layer" * 50_000
DESC = blob(CONTENT)


@pytest.fixture
def mirrored(
    scripted: Scripted, second: Scripted, environ: dict[str, str], make: Callable[..., Registries]
) -> Callable[..., Registries]:
    """Makes registries in which `second` is a mirror of `scripted`."""

    def build(extra: str = "") -> Registries:
        write(
            Path(environ["HOME"]) / ".config/containers/registries.conf",
            f'[[registry]]\nlocation = "{scripted.host}"\n{extra}\n[[registry.mirror]]\nlocation = "{second.host}/m"\n',
        )
        return make()

    return build


def test_a_mirror_is_asked_first(scripted: Scripted, second: Scripted, mirrored: Callable[..., Registries]) -> None:
    """And the registry not at all, if the mirror has it."""
    expected = second.serve_manifest("m/app")
    ref = scripted.ref("app")
    assert mirrored().repository(ref).resolve(ref) == expected
    assert scripted.asked == []


def test_what_a_mirror_lacks_comes_from_the_registry(
    scripted: Scripted, second: Scripted, mirrored: Callable[..., Registries], notices: list[str]
) -> None:
    """A mirror that fails is named once and left alone."""
    scripted.serve_manifest("app")
    second.on(
        "GET", "/v2/m/app/manifests/latest", Reply(404), Reply(body=b"<html>", headers={"Content-Type": "text/html"})
    )
    repository = mirrored().repository(scripted.ref("app"))
    for _ in range(4):
        assert repository.fetch(scripted.ref("app"))[1] == MANIFEST
    assert len(second.asked) == 2
    assert sum("mirror" in line for line in notices) == 1


def test_a_mirror_that_dies_in_a_blob_is_left(
    scripted: Scripted, second: Scripted, mirrored: Callable[..., Registries]
) -> None:
    """The registry goes on where the mirror broke off."""
    second.on("GET", f"/v2/m/app/blobs/{DESC.digest}", Reply(body=CONTENT[:1000], length=len(CONTENT)))
    scripted.on("GET", f"/v2/app/blobs/{DESC.digest}", Reply(body=CONTENT))
    assert mirrored().repository(scripted.ref("app")).read(DESC) == CONTENT
    assert scripted.asked[0].headers["range"] == "bytes=1000-"


def test_a_mirror_for_digests_is_not_asked_for_tags(
    scripted: Scripted, second: Scripted, mirrored: Callable[..., Registries]
) -> None:
    """It may be behind."""
    scripted.serve_manifest("app")
    second.serve_manifest("m/app")
    registries = mirrored("mirror-by-digest-only = true")
    ref = scripted.ref("app")
    registries.repository(ref).fetch(ref)
    assert second.asked == []
    pinned = ref.with_digest(Digest.of(MANIFEST))
    assert registries.repository(pinned).fetch(pinned)[0].media_type == media.OCI_MANIFEST
    assert len(second.asked) == 1


@pytest.mark.parametrize("place", ["location", "mirror", "prefix"])
@pytest.mark.parametrize("host", ["[::", "example.com:999999", "a b", "example.com:x"])
def test_an_address_that_is_none_is_named_with_its_file(
    tmp_path: Path, load: Callable[[], RegistryConfiguration], place: str, host: str
) -> None:
    """Before anybody is asked."""
    lines = {"location": '[[registry]]\nlocation = "{}/x"', "prefix": '[[registry]]\nprefix = "{}"\nlocation = "b.c"'}
    mirror = '[[registry]]\nlocation = "a.b"\n[[registry.mirror]]\nlocation = "{}"'
    write(tmp_path / "etc/containers/registries.conf", lines.get(place, mirror).format(host))
    with pytest.raises(InvalidInput, match=r"registries\.conf: .* is not the address of a registry"):
        load()


@pytest.mark.parametrize("text", [f"a = {'9' * 5000}", f"a = {'[' * 5000}", "a = \x00"])
def test_a_file_of_nonsense_is_named(tmp_path: Path, load: Callable[[], RegistryConfiguration], text: str) -> None:
    """Whatever Python makes of it."""
    write(tmp_path / "etc/containers/registries.conf", text)
    with pytest.raises(InvalidInput, match=r"registries\.conf cannot be read"):
        load()


def test_a_reference_with_an_impossible_port_is_refused(registries: Registries) -> None:
    """The grammar of references knows no largest port."""
    for port in ("999999", "0", "9" * 5000):
        ref = Reference(f"localhost:{port}", "app", "latest")
        with pytest.raises(RegistryError, match="not a web address"):
            registries.repository(ref).fetch(ref)
