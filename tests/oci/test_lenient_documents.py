"""Documents as other tools write them: read as engines in Go read them, and nothing lost in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.documents import DOCUMENT_LIMIT
from dockmagic.oci.errors import InvalidDocument
from dockmagic.oci.spec import (
    Config,
    ConfigFile,
    Descriptor,
    HealthcheckConfig,
    Index,
    Manifest,
    check_size,
    config_losses,
    config_members,
    parse_config,
    parse_manifest,
    to_json,
)

D1 = Digest.of(b"1")


def config(**inner: Any) -> bytes:
    """A configuration whose inner one has these members."""
    return json.dumps({"config": inner, "rootfs": {"type": "layers", "diff_ids": []}}).encode()


def read(**inner: Any) -> Config:
    """What is understood of them."""
    found = parse_config(config(**inner)).config
    assert found is not None
    return found


def test_names_of_members_count_in_any_letter_case() -> None:
    """GNU Guix writes ``env`` and ``entrypoint``; what is read from them is what other engines run."""
    found = read(env=["A=1"], ENTRYPOINT=["/bin/guile"], workingdir="/srv", StopSIGNAL="SIGQUIT")
    assert found == Config(env=("A=1",), entrypoint=("/bin/guile",), working_dir="/srv", stop_signal="SIGQUIT")
    whole = parse_config(
        b'{"Architecture":"arm64","OS":"linux","RootFS":{"Diff_IDs":[]},"History":[{"Created_By":"x"}]}'
    )
    assert (whole.architecture, whole.os) == ("arm64", "linux")
    assert whole.history is not None
    assert whole.history[0].created_by == "x"


def test_a_manifest_and_its_descriptors_are_read_in_any_letter_case_too() -> None:
    """Digest and size as well, for they are known members like others."""
    layer = {"MediaType": media.OCI_LAYER, "Digest": D1, "SIZE": 3}
    raw = {"SchemaVersion": 2, "Config": {**layer, "MediaType": media.OCI_CONFIG}, "Layers": [layer]}
    found = parse_manifest(json.dumps(raw).encode())
    assert isinstance(found, Manifest)
    assert found.layers == (Descriptor(media_type=media.OCI_LAYER, digest=D1, size=3),)


def test_a_document_of_two_meanings_is_refused_in_any_letter_case() -> None:
    """One that is a manifest for some readers and an index for others (CVE-2021-41190)."""
    item = {"mediaType": media.OCI_MANIFEST, "digest": D1, "size": 3}
    raw = {"schemaVersion": 2, "config": item, "layers": [], "Manifests": [item]}
    with pytest.raises(InvalidDocument, match="both an image manifest and an index"):
        parse_manifest(json.dumps(raw).encode())


def test_of_several_spellings_the_last_holds_and_that_is_told() -> None:
    """As in Go; null says nothing, and two equal values lose nothing."""
    raw = b'{"config":{"Env":["A=1"],"env":["A=2"],"Cmd":["x"],"cmd":null,"User":"u","user":"u"}}'
    assert parse_config(raw).config == Config(env=("A=2",), cmd=("x",), user="u")
    assert config_losses(raw) == ("config.Env in all its spellings but the last",)


@pytest.mark.parametrize("nothing", [None, {}, [], ""], ids=repr)
def test_nothing_of_any_kind_is_nothing(nothing: object) -> None:
    """Lists, objects and texts that are null or empty of another kind."""
    found = read(Env=nothing, Labels=nothing, User=nothing, Cmd=nothing, ExposedPorts=nothing)
    assert not any((found.env, found.labels, found.user, found.cmd, found.exposed_ports))
    raw = {"schemaVersion": 2, "config": {"mediaType": media.OCI_CONFIG, "digest": D1, "size": 3}, "layers": nothing}
    manifest = parse_manifest(json.dumps(raw | {"annotations": nothing}).encode())
    assert isinstance(manifest, Manifest)
    assert (manifest.layers, manifest.annotations or {}) == ((), {})


def test_an_index_without_manifests_is_one() -> None:
    """Null or left out."""
    for raw in (b'{"schemaVersion":2,"manifests":null}', b'{"schemaVersion":2}'):
        assert parse_manifest(raw, media.OCI_INDEX) == Index(schema_version=2)


def test_null_within_lists_and_objects_is_an_empty_text() -> None:
    """A label, a word, a row of the history."""
    assert read(Labels={"a": None}).labels == {"a": ""}
    assert read(Cmd=["x", None]).cmd == ("x", "")
    assert len(parse_config(b'{"history":[null,{}]}').history or ()) == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Cmd": "echo hello"}, Config(cmd=("echo hello",))),
        ({"Entrypoint": "/init"}, Config(entrypoint=("/init",))),
        ({"User": 1000}, Config(user="1000")),
        ({"StopSignal": 9}, Config(stop_signal="9")),
        ({"Labels": {"n": 1, "t": True, "f": 1.5}}, Config(labels={"n": "1", "t": "true", "f": "1.5"})),
        ({"Labels": ["a=b=c", "d"]}, Config(labels={"a": "b=c", "d": ""})),
        ({"Env": {"A": "1", "B": 2}}, Config(env=("A=1", "B=2"))),
        ({"ExposedPorts": ["80/tcp"]}, Config(exposed_ports={"80/tcp": {}})),
        ({"Volumes": ["/data"]}, Config(volumes={"/data": {}})),
        ({"ArgsEscaped": "true"}, Config(args_escaped=True)),
    ],
    ids=repr,
)
def test_values_of_a_neighbouring_type_are_understood(given: dict[str, Any], expected: Config) -> None:
    """A command as one text is one word, as docker takes it; numbers where texts belong; lists for objects."""
    assert read(**given) == expected
    assert config_losses(config(**given)) == ()


@pytest.mark.parametrize("given", [{"Cmd": 7}, {"Env": [["A"]]}, {"User": {"a": 1}}, {"Labels": 5}], ids=repr)
def test_what_cannot_be_understood_is_refused_by_its_name(given: dict[str, Any]) -> None:
    """Rather than run something else."""
    (name,) = given
    with pytest.raises(InvalidDocument, match=name):
        read(**given)


def test_what_only_docker_knows_is_left_out_where_it_is_broken_and_that_is_told() -> None:
    """Readers of the specification pass over a health check, so it keeps no image away."""
    raw = config(Healthcheck="none", OnBuild=7, Cmd=["x"])
    assert parse_config(raw).config == Config(cmd=("x",))
    assert config_losses(raw) == (
        "config.Healthcheck, which is of the wrong type",
        "config.OnBuild, which is of the wrong type",
    )
    turned = config_losses(config(OnBuild=7, Healthcheck="none"))
    assert [loss.partition(",")[0] for loss in turned] == ["config.OnBuild", "config.Healthcheck"]  # as in the document
    assert read(healthcheck={"test": "true", "INTERVAL": 5}).healthcheck == HealthcheckConfig(
        test=("true",), interval=5
    )


def test_bytes_that_are_not_utf8_become_the_replacement_character() -> None:
    """An author in Latin-1 keeps no image away."""
    assert parse_config(b'{"author":"Jos\xe9"}').author == "Jos\ufffd"


def test_the_members_of_a_document_have_the_standard_names_and_the_unknown_ones_stay() -> None:
    """What is written anew can be read by all, and loses nothing."""
    raw = b'{"Config":{"env":["A=1"],"x-tool":{"a":[1]}},"architecture":"amd64","later":7}'
    assert config_members(raw) == {
        "config": {"Env": ["A=1"], "x-tool": {"a": [1]}},
        "architecture": "amd64",
        "later": 7,
    }


def test_a_document_of_a_great_many_values_is_refused_before_it_takes_memory() -> None:
    """Four MiB of empty objects would be a hundred of Python's."""
    with pytest.raises(InvalidDocument, match="values"):
        parse_config(b'{"x":[' + b"{}," * 1_000_000 + b"{}]}")


def test_an_index_of_ten_thousand_images_is_read() -> None:
    """The bound on values is above what fits into a document."""
    item = {"mediaType": media.OCI_MANIFEST, "digest": D1, "size": 3, "platform": {"architecture": "a", "os": "l"}}
    raw = json.dumps({"schemaVersion": 2, "manifests": [item] * 10_000}).encode()
    found = parse_manifest(raw)
    assert isinstance(found, Index)
    assert len(found.manifests) == 10_000


def test_a_document_that_claims_to_be_too_long_is_refused_unread() -> None:
    """Its descriptor tells."""
    with pytest.raises(InvalidDocument, match="more than the"):
        check_size(Descriptor(media_type=media.OCI_MANIFEST, digest=D1, size=DOCUMENT_LIMIT + 1))


def test_long_numbers_survive_or_are_an_error_with_a_name() -> None:
    """More than 64 bits in an unknown member are written again as they are; thousands of digits are refused."""
    known = config_members(b'{"x":' + b"9" * 30 + b"}")
    assert config_members(to_json(known)) == known
    with pytest.raises(InvalidDocument, match="out of range"):
        config_members(b'{"x":' + b"9" * 5000 + b"}")


def test_a_configuration_without_anything_is_one() -> None:
    """Tools for artifacts write ``{}``; it describes an image of no layers."""
    assert parse_config(b"{}") == ConfigFile()
