"""A docker user's first day: command lines typed from memory, against a real registry on this machine."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from typing import TYPE_CHECKING

import pytest

from dockmagic.oci.platforms import Platform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    Typed = Callable[..., Any]

HEX = "[0-9a-f]"


def test_an_import_prints_the_image_id_and_is_listed(typed: Typed, image: str) -> None:
    """Docker import prints sha256:…; docker images has the classic columns."""
    run = typed("images")
    assert run.code == 0
    assert re.fullmatch(r"REPOSITORY +TAG +IMAGE ID +CREATED +SIZE", run.lines[0])
    assert re.fullmatch(rf"app +1 +{HEX}{{12}} +(Less than a second|\d+ seconds?) ago +5\.02kB", run.lines[1])


def test_push_then_pull_says_what_docker_says(typed: Typed, image: str, registry: str) -> None:
    """The last lines are the digest, the status and the full name; a second pull is up to date."""
    name = f"{registry}/first/day"
    assert typed(f"tag {image} {name}").out == ""
    pushed = typed(f"push {name}")
    assert pushed.code == 0
    assert f"The push refers to repository [{name}]" in pushed.err
    assert "Using default tag: latest" in pushed.err
    digest = re.fullmatch(rf"latest: digest: (sha256:{HEX}{{64}}) size: \d+", pushed.lines[-1])
    assert digest is not None
    assert "Layer already exists" in typed(f"push {name}").err
    assert typed(f"rmi {name} {image}").code == 0
    pulled = typed(f"pull {name}")
    assert pulled.lines == [
        f"Digest: {digest[1]}",
        f"Status: Downloaded newer image for {name}:latest",
        f"{name}:latest",
    ]
    assert f"latest: Pulling from {name}" in pulled.err
    assert ": Pull complete" in pulled.err
    assert typed(f"pull {name}").lines[1] == f"Status: Image is up to date for {name}:latest"
    assert typed(f"pull {name}@{digest[1]}").lines[0] == f"Digest: {digest[1]}"


def test_quiet_transfers_print_the_name_alone(typed: Typed, remote: str) -> None:
    """-q is for scripts: nothing else on either stream."""
    run = typed(f"pull -q {remote}")
    assert (run.code, run.out, run.err) == (0, f"{remote}\n", "")


def test_a_plan_moves_nothing(typed: Typed, remote: str) -> None:
    """Pull --plan says what is to come, and the store stays empty."""
    run = typed(f"pull --plan {remote}")
    assert re.search(r"no +\S+B +\S+B", run.out)
    assert "1 manifest, 1 layer, 1 to fetch" in run.out
    assert typed("images -q").out == ""
    typed(f"pull -q {remote}")
    assert re.search(rf"yes .*{re.escape(remote)}", typed(f"pull --plan {remote}").out)


def test_a_whole_repository_comes_and_goes(typed: Typed, image: str, registry: str) -> None:
    """Pull -a and push -a; tags groups the aliases of one digest."""
    name = f"{registry}/whole"
    for tag in ("1", "2", "latest"):
        typed(f"tag {image} {name}:{tag}")
    assert len(typed(f"push -a {name}").lines) == 3
    assert typed(f"tags -q {name}").lines == ["1", "2", "latest"]
    rows = [json.loads(line) for line in typed(f"tags --format json {name}").lines]
    assert [sorted(row["Tags"]) for row in rows] == [["1", "2", "latest"]]
    typed(f"rmi {name}:1 {name}:2 {name} {image}")
    assert typed("images -q").out == ""
    pulled = typed(f"pull -a {name}")
    assert pulled.lines[-2:] == [f"Status: Downloaded newer image for {name}", name]
    assert sorted(typed("images", "--format", "{{.Tag}}").lines) == ["1", "2", "latest"]


def test_a_remote_image_is_looked_into_and_not_stored(typed: Typed, remote: str) -> None:
    """inspect, files, cat, history, layers and diff say where they read, and leave nothing."""
    for line in (
        "inspect {}",
        "files {} /etc",
        "cat {} /etc/motd",
        "history {}",
        "layers {}",
        "diff {}",
        "validate {}",
    ):
        run = typed(line.format(remote))
        assert run.code == 0, run.err
        assert f"{remote} is not here: reading it from its registry" in run.err
    assert typed("images -q").out == ""


def test_inspect_is_dockers_json(typed: Typed, image: str) -> None:
    """A list, with the members that scripts ask for."""
    (document,) = json.loads(typed(f"inspect {image}").out)
    assert document["RepoTags"] == ["app:1"]
    assert re.fullmatch(rf"sha256:{HEX}{{64}}", document["Id"])
    assert document["Config"]["Cmd"] == ["/bin/sh"]
    assert document["Config"]["Env"] == ["A=1", "B=2"]
    assert document["RootFS"]["Type"] == "layers"
    assert document["Size"] == 5024


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{.Config.Cmd}}", "[/bin/sh]"),
        ("{{json .Config.Labels}}", '{"tier":"web"}'),
        ('{{index .Config.Labels "tier"}}', "web"),
        ("{{range .Config.Env}}{{println .}}{{end}}", "A=1\nB=2"),
        ("{{.Os}}/{{len .RootFS.Layers}}", "linux/1"),
        ("{{range $port, $_ := .Config.ExposedPorts}}{{$port}}{{end}}", "80/tcp"),
        ("{{if .Config.Healthcheck}}healthy{{else}}unknown{{end}}", "unknown"),
    ],
)
def test_inspect_takes_templates(typed: Typed, image: str, template: str, expected: str) -> None:
    """As people paste them from answers on the web."""
    assert typed("inspect -f", template, image).out.rstrip("\n") == expected


def test_inspect_goes_on_after_an_error(typed: Typed, image: str) -> None:
    """What is there is printed, what is not is an error, and the code is 1."""
    run = typed(f"inspect {image} 127.0.0.1:9/nosuch")
    assert run.code == 1
    assert len(json.loads(run.out)) == 1
    assert run.err.count("Error: ") == 1


@pytest.mark.parametrize("line", ["image ls", "image list", "images -a", "images app", "images app:1", "images a*"])
def test_the_ways_to_list(typed: Typed, image: str, line: str) -> None:
    """Noun forms, repositories and patterns."""
    assert [row.split()[0] for row in typed(line).lines] == ["REPOSITORY", "app"]


def test_filters(typed: Typed, image: str) -> None:
    """label, reference, dangling, before, since and until."""
    for wanted, words in (
        (1, "label=tier"),
        (1, "label=tier=web"),
        (0, "label=tier=db"),
        (1, "reference=app:*"),
        (0, "reference=other"),
        (0, "dangling=true"),
        (1, "dangling=false"),
        (0, "before=app:1"),
        (0, "since=app:1"),
        (0, "until=24h"),
    ):
        assert len(typed(f"images -q --filter {words}").lines) == wanted, words


def test_ids_and_prefixes_name_images(typed: Typed, image: str) -> None:
    """The whole ID, twelve digits, one digit, with and without sha256:, and the manifest's digest."""
    whole = typed("images -q --no-trunc").out.strip()
    digest = json.loads(typed(f"inspect {image}").out)[0]["Descriptor"]["digest"]
    for name in (whole, whole[7:], whole[7:19], whole[7:8], whole[:20], digest, digest[7:19]):
        assert typed(f"inspect -f {{{{.Id}}}} {name}").out.strip() == whole


def test_files_and_cat(typed: Typed, image: str) -> None:
    """Merged, one layer, one directory, one file, and bytes as they are."""
    assert typed(f"files -q {image}").lines == ["/bin", "/bin/sh", "/etc", "/etc/motd", "/etc/os-release"]
    assert typed(f"files -q --depth 1 {image}").lines == ["/bin", "/etc"]
    assert typed(f"files -q {image}[0] /etc").lines == ["/etc", "/etc/motd", "/etc/os-release"]
    assert typed(f"cat {image} /etc/motd").out == "hello\n"
    assert typed(f"cat {image}[0] etc/motd").out == "hello\n"
    for line in (
        f"cat {image} /nosuch",
        f"files {image} /nosuch",
        f"cat {image} /etc",
        f"files {image}[7]",
        f"layers {image}[x]",
    ):
        run = typed(line)
        assert run.code == 1, line
        assert run.err.startswith("Error: ")
        assert run.err.count("\n") == 1


def test_layers_and_history(typed: Typed, image: str) -> None:
    """Base first there, newest first here."""
    (row,) = [json.loads(line) for line in typed(f"layers --format json {image}").lines]
    assert (row["Layer"], row["Size"], row["Added"]) == (0, 5024, 5)
    assert re.fullmatch(r"IMAGE +CREATED +CREATED BY +SIZE +COMMENT", typed(f"history {image}").lines[0])
    assert re.search(r" 5024 ", typed(f"history --human=false {image}").out)


def test_what_differs_between_two_images(
    typed: Typed, image: str, tmp_path: Path, tar_of: Callable[[dict[str, bytes | None]], bytes]
) -> None:
    """Files with letters, one file line by line, configuration and history."""
    other = tmp_path / "other.tar"
    other.write_bytes(tar_of({"etc": None, "etc/os-release": b"ID=test\nVERSION=2\n", "new": b"n"}))
    typed(f"import {other} app:2")
    changes = {line.split()[-1]: line.split()[0] for line in typed("diff app:1 app:2").lines[1:-2]}
    assert changes == {"/bin": "D", "/bin/sh": "D", "/etc/motd": "D", "/etc/os-release": "C", "/new": "A"}
    assert "-VERSION=1\n+VERSION=2" in typed("diff --text /etc/os-release app:1 app:2").out
    assert any(line.split()[:3] == ["config", "D", "Cmd"] for line in typed("diff --config app:1 app:2").lines)
    assert typed("diff -q --path /etc app:1 app:2").lines == ["/etc/motd", "/etc/os-release"]


def test_rmi_prints_what_it_untagged_and_deleted(typed: Typed, image: str) -> None:
    """One name of two, then the image; what is not there is an error, but for -f."""
    typed(f"tag {image} other:x")
    assert typed("rmi other:x").lines == ["Untagged: other:x"]
    whole = typed("images -q --no-trunc").out.strip()
    gone = typed("image rm app:1").lines
    assert gone[:2] == ["Untagged: app:1", f"Deleted: {whole}"]
    assert typed("rmi app:1").code == 1
    assert typed("rmi -f app:1").code == 0


def test_save_and_load(typed: Typed, image: str, tmp_path: Path) -> None:
    """To a file, to standard output, as both kinds of archive; load prints the names."""
    whole = typed("images -q --no-trunc").out
    docker, oci = tmp_path / "a.tar", tmp_path / "b.tar.gz"
    assert typed(f"save -o {docker} {image}").out == ""
    assert typed(f"save --format oci-archive --output={oci} {image}").code == 0
    assert oci.read_bytes()[:2] == b"\x1f\x8b"
    with tarfile.open(docker) as archive:
        assert "manifest.json" in archive.getnames()
    assert typed(f"save {image}").out.encode("utf-8", "surrogateescape") == docker.read_bytes()
    for words, stdin in ((f"load -i {docker}", None), (f"load --input {oci}", None), ("load", docker.read_bytes())):
        typed(f"rmi {image}")
        assert typed(words, stdin=stdin).lines == ["Loaded image: app:1"]
        assert typed("images -q --no-trunc").out == whole
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_failed_save_leaves_the_old_file(typed: Typed, image: str, tmp_path: Path) -> None:
    """A file appears whole, or not at all."""
    target = tmp_path / "kept.tar"
    target.write_bytes(b"old")
    assert typed(f"save -o {target} {image} nosuch").code == 1
    assert target.read_bytes() == b"old"
    assert typed(f"save -o {tmp_path}/no/such/folder.tar {image}").code == 1


def test_export_is_the_root_file_system(typed: Typed, image: str, tmp_path: Path) -> None:
    """One tar with what a container would see."""
    target = tmp_path / "root.tar"
    assert typed(f"export -o {target} {image}").code == 0
    with tarfile.open(target) as archive:
        assert sorted(name.strip("/") for name in archive.getnames() if name.strip("./")) == [
            "bin", "bin/sh", "etc", "etc/motd", "etc/os-release",
        ]  # fmt: skip


def test_prunes_ask_first(typed: Typed, image: str) -> None:
    """Y goes on, anything else does not, and where nobody can answer -f is to be said."""
    refused = typed("image prune")
    assert refused.code == 1
    assert "Add -f" in refused.err
    assert typed("image prune -a", stdin=b"n\n", terminal=True).out == "Total reclaimed space: 0B\n"
    assert typed("images -q").out
    pruned = typed("image prune --all", stdin=b"y\n", terminal=True)
    assert pruned.lines[0] == "Deleted Images:"
    assert "untagged: app:1" in pruned.lines
    assert re.fullmatch(r"Total reclaimed space: [\d.]+k?B", pruned.lines[-1])
    assert typed("images -q").out == ""


def test_disk_space(typed: Typed, image: str) -> None:
    """Df counts, prune frees, gc has nothing left to do; pruning takes no image that has a name."""
    run = typed("system df")
    assert re.fullmatch(r"TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE", run.lines[0])
    assert re.match(r"Images +1 +1 ", run.lines[1])
    assert "UNIQUE SIZE" in typed("system df -v").lines[0]
    assert typed("system prune -f").lines[-1].startswith("Total reclaimed space: ")
    assert typed("gc").out == "Total reclaimed space: 0B\n"
    assert len(typed("images -q").lines) == 1


def test_the_tree_of_images(typed: Typed, image: str) -> None:
    """Each image once, with what it adds."""
    lines = typed("images --tree").lines
    assert re.fullmatch(r"IMAGE +IMAGE ID +LAYERS +SIZE +ADDED", lines[0])
    assert re.match(r"app:1 +[0-9a-f]{12} +1 +5\.02kB +5\.02kB", lines[1])


def test_validate(typed: Typed, image: str) -> None:
    """An image that we made is what it says."""
    run = typed(f"validate {image}")
    assert run.code == 0
    assert run.out.startswith("app:1 is valid: ")


def test_search_in_a_registry_of_ones_own(typed: Typed, remote: str) -> None:
    """Its catalogue, in docker's columns."""
    host = remote.partition("/")[0]
    run = typed(f"search {host}/registry_of_ones")
    assert re.fullmatch(r"NAME +DESCRIPTION +STARS +OFFICIAL", run.lines[0])
    assert len(run.lines) == 2


def test_login_and_logout(typed: Typed, registry: str) -> None:
    """With the password on standard input; the credential is in no output."""
    run = typed(f"login -u me --password-stdin {registry}", stdin=b"secret-word\n")
    assert (run.code, run.out) == (0, "Login Succeeded\n")
    assert "secret-word" not in run.err
    assert typed(f"logout {registry}").out == f"Removing login credentials for {registry}\n"
    assert typed(f"logout {registry}").out == f"Not logged in to {registry}\n"


def test_version_and_info(typed: Typed) -> None:
    """The words that scripts look for."""
    assert re.fullmatch(r"dockmagic version \S+\n", typed("--version").out)
    assert typed("version", "--format", "{{.Server.Version}}").out == typed("version", "-f", "{{.Client.Version}}").out
    assert "Docker Root Dir: " in typed("info").out
    assert typed("system info --format {{.OSType}}").out == "linux\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pull {host}/nosuch/thing", "nosuch/thing"),
        ("pull {host}/{name}:nosuch", "nosuch"),
        ("pull --platform linux/s390x {host}/nosuch/thing", "nosuch"),
        ("pull Upper", "must be lowercase"),
        ("pull 127.0.0.1:1/x", "127.0.0.1"),
        ("inspect {host}/nosuch/thing", "nosuch/thing"),
        ("tags {host}/nosuch/thing", "nosuch/thing"),
        ("cat nosuch.invalid/x /etc", "nosuch.invalid"),
    ],
)
def test_what_cannot_be_had_is_one_line(typed: Typed, remote: str, line: str, message: str) -> None:
    """Exit code 1, one line, no traceback, and the next thing to do."""
    host, _, name = remote.removesuffix(":1").partition("/")
    run = typed(line.format(host=host, name=name))
    assert run.code == 1
    (error,) = [text for text in run.err.splitlines() if text.startswith("Error: ")]
    assert message in error
    assert "Traceback" not in run.err


def test_a_registry_is_not_served_from_a_file(typed: Typed, tmp_path: Path) -> None:
    """It would answer every request with status 500."""
    file = tmp_path / "file"
    file.write_text("")
    run = typed(f"serve --port 0 {file}")
    assert (run.code, run.err) == (
        1,
        f"Error: {file} is a file, and a registry needs a folder. Name a folder, or none.\n",
    )


def test_a_missing_argument_is_asked_for_by_number(typed: Typed) -> None:
    """Where some are optional, the least number is said too, as docker does."""
    assert "requires at least 1 and at most 2 arguments" in typed("diff").err


@pytest.mark.parametrize(
    "line", ["pull {}", "pull -a {}", "build --output type=cacheonly .", "build --target with-run .", "create {}"]
)
def test_what_is_left_out_of_an_image_is_told_whoever_pulls_it(
    typed: Typed, registry: str, tar_of: Callable[[dict[str, bytes | None]], bytes], tmp_path: Path, line: str
) -> None:
    """The image runs, and a health check that is none is not lost in silence."""
    layer = tar_of({"etc/motd": b"hi\n"})
    config = {
        "architecture": Platform.local().architecture,
        "os": "linux",
        "config": {"Cmd": ["sh"], "Healthcheck": {"Test": 5}},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    name = f"{registry}/odd"
    items = [{"Config": "c.json", "RepoTags": [f"{name}:latest"], "Layers": ["l.tar"]}]
    members = {"c.json": json.dumps(config).encode(), "manifest.json": json.dumps(items).encode(), "l.tar": layer}
    (tmp_path / "odd.tar").write_bytes(tar_of({**members}))
    assert "left out" in typed(f"load -i {tmp_path}/odd.tar").err
    typed(f"push -q {name}")
    typed(f"rmi {name}")
    (tmp_path / "Dockerfile").write_text(f"FROM {name} AS with-run\nLABEL a=b\nFROM {name}\nCOPY Dockerfile /\n")
    assert "left out" in typed(line.replace(" .", f" {tmp_path}").format(name)).err
