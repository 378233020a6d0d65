"""Containers and volumes as they are typed every day: what is printed, and the exit codes."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from programs import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Typed = Callable[..., Any]

_ID = re.compile(r"[0-9a-f]{64}")


@pytest.fixture
def web(typed: Typed, box: str) -> str:
    """A container that runs, and heeds SIGTERM by now: ``web``."""
    script = "trap 'exit 0' TERM; echo hello; echo oops >&2; while :; do sleep 0.1; done"
    run = typed("run -d --name web --label tier=front --expose 80-81", box, "sh", "-c", script)
    assert run.code == 0
    assert _ID.fullmatch(run.out.strip())
    await_start(typed, times=1)
    return "web"


def await_start(typed: Typed, *, times: int) -> None:
    """Until ``web`` has begun so many times: a first process that has no handler yet ignores SIGTERM."""
    assert until(lambda: typed("logs web").err == "oops\n" * times)


def test_a_program_gives_its_output_and_its_exit_code(typed: Typed, box: str) -> None:
    """Both streams go where they belong."""
    run = typed(f"run --rm {box}", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (run.code, run.out, run.err) == (3, "out\n", "err\n")
    assert typed("ps -aq").out == ""


def test_input_is_fed_and_ends(typed: Typed, box: str) -> None:
    """Binary as it is; without -i there is none."""
    assert typed(f"run --rm -i {box} cat", stdin=b"in\xff\n").out == "in\udcff\n"
    assert typed(f"run --rm {box} cat", stdin=b"in\n").out == ""


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("run --rm box nosuch", 127, 'exec: "nosuch": executable file not found in $PATH'),
        ("run --rm box /etc", 126, 'exec: "/etc": permission denied'),
        ("run --rm -u nobodyx box true", 125, "unable to find user nobodyx"),
        ("run --rm -w /etc/passwd box true", 125, "the working folder /etc/passwd cannot be entered: Not a directory"),
        ("run --rm --cidfile /no/such/id box true", 125, "container ID file /no/such/id: No such file or directory"),
        ("run --rm -v /dev/null/folder:/x box true", 125, "the folder /dev/null/folder for /x is not there"),
        (
            "run --rm -v /tmp:/etc/passwd box true",
            125,
            "/etc/passwd of the image cannot be mounted over: a folder is to",
        ),
        (
            "run --rm -v /etc/hosts:/var box true",
            125,
            "/var of the image cannot be mounted over: a file is to lie on a",
        ),
        ("run --rm -v rel/path:/x box true", 125, "includes invalid characters for a local volume name"),
        ("run --rm -v x:relative box true", 125, "must be absolute"),
        ("run --rm --mount type=bind,src=/nosuch,dst=/x box true", 125, "/nosuch"),
        ("run --rm --pull sometimes box", 125, "invalid pull option"),
        ("run --rm --pull never nosuch", 125, "nosuch"),
        ("run --rm --network bridge box true", 125, "there is no network 'bridge'"),
        ("run --rm --name bad/name box true", 125, "name"),
        ("run --rm -m 1k box true", 125, "6MB"),
        ("run --rm --cap-add NOSUCH box true", 125, "NOSUCH"),
        ("run --rm --stop-signal NOSUCH box true", 125, "NOSUCH"),
        ("run --rm --env-file /nosuch box true", 125, "/nosuch"),
        ("run --rm --detach-keys ctrl-pp box true", 125, "Invalid detach keys (ctrl-pp) provided"),
        ("run --rm --security-opt seccomp=unconfined box true", 125, "system calls"),
        ("run -d -a stdout box true", 1, "Conflicting options"),
        ("run --privileged box true", 125, "--privileged is not supported"),
        ("run --gpus all box true", 125, "--gpus is not supported"),
        ("run --restart always box true", 125, "--restart is not supported"),
        ("run --ipc host box true", 125, "--ipc is not supported"),
        ("run --log-driver none box true", 125, "--log-driver is not supported"),
        ("run --rm -w relative box pwd", 125, "the working directory 'relative' is invalid"),
        ("run --rm -l =b box true", 125, "invalid label '=b': empty name"),
        ("run --rm --cpus 100000 box true", 125, "Range of CPUs is from 0.01 to"),
        ("run --rm --expose many box true", 125, "invalid range format for --expose: many"),
        ("create --label-file /nosuch box", 125, "open /nosuch: no such file or directory"),
        ("create --env-file /nosuch box", 125, "open /nosuch: no such file or directory"),
        ("create -e =x box", 125, "invalid environment variable"),
        ("create -l =b box", 125, "empty name"),
        ("create --ulimit none box", 125, "invalid ulimit argument"),
        ("create -p x box", 125, "invalid containerPort: x"),
        ("create -m 1x box", 125, "invalid size"),
        ("create -m 1k box", 1, "Minimum memory limit allowed is 6MB"),
        ("create --cpus 100000 box", 1, "Range of CPUs is from 0.01 to"),
        ("create -v a:b:c:d box", 1, "invalid volume specification"),
        ("create --tmpfs relative box", 1, "must be absolute"),
        ("exec -e =x box true", 125, "invalid environment variable"),
        ("exec --env-file /nosuch box true", 1, "open /nosuch: no such file or directory"),
        ("build --label =b .", 125, "invalid label '=b': empty name"),
        ("build --platform none .", 1, "'none' is neither an operating system"),
        ("ps --filter x", 125, "bad format of filter"),
        ("volume create --label =b data", 125, "invalid label '=b': empty name"),
        ("ps --filter health=fine", 1, "invalid filter 'health=fine'"),
        ("ps --filter name=[[:alpha:]]", 1, "invalid filter 'name=[[:alpha:]]'"),
        ("ps --filter publish=x", 1, "invalid range format"),
        ("cp /nosuch/file box:/", 1, "No such container: box"),
        ("exec nosuch true", 1, "No such container: nosuch"),
        ("start nosuch", 1, "No such container: nosuch"),
        ("kill nosuch", 1, "No such container: nosuch"),
        ("logs nosuch", 1, "No such container: nosuch"),
        ("commit nosuch", 1, "No such container: nosuch"),
        ("cp nosuch:/x .", 1, "No such container: nosuch"),
        ("cp a b", 1, "must specify at least one container source"),
        ("cp one:/a two:/b", 1, "copying between containers"),
        ("ps --filter colour=red", 1, "invalid filter 'colour'"),
        ("ps --filter status=dizzy", 1, "invalid filter 'status=dizzy'"),
        ("ps --filter name=[", 1, "regular expression"),
        ("volume rm nosuch", 1, "no such volume"),
        ("volume create bad/name", 1, "invalid characters"),
    ],
)
def test_what_cannot_be_is_one_line_with_dockers_code(
    typed: Typed, box: str, line: str, code: int, message: str
) -> None:
    """And nothing is left behind."""
    run = typed(line.replace(" box", f" {box}"))
    assert (run.code, run.out) == (code, "")
    assert message in run.err
    assert run.err.count("\n") == 1
    assert typed("ps -aq").out == ""


def test_a_name_is_given_once(typed: Typed, box: str, web: str) -> None:
    """A second run says how to go on; --replace takes the name over."""
    taken = typed(f"run --name {web} {box} true")
    assert taken.code == 125
    assert "--replace" in taken.err
    assert typed(f"run --replace --name {web} {box} true").code == 0
    assert typed("ps -a --format {{.Names}}").out == "web\n"


def test_ps_lists_what_runs_or_all(typed: Typed, box: str, web: str) -> None:
    """In docker's columns; templates, quiet and filters as docker's."""
    assert typed(f"create --name idle {box} true").code == 0
    lines = typed("ps").lines
    assert re.split(r" {2,}", lines[0]) == ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]
    assert [line.split()[-1] for line in lines[1:]] == [web]
    assert [line.split()[-1] for line in typed("ps -a").lines[1:]] == ["idle", web]
    assert typed("ps -l --format {{.Names}}").out == "idle\n"
    assert typed("ps -n 1 -q").out.strip() == typed("ps -q --no-trunc --filter name=idle -a").out[:12]
    assert typed("ps --format", "{{.State}} {{.Labels}} {{.Networks}}").out == "running made=here,tier=front host\n"
    table = typed("ps --format", 'table {{.Names}}\t{{.Label "tier"}}\t{{.Label "none"}}').lines
    assert [line.split() for line in table] == [["NAMES", "tier", "none"], [web, "front"]]
    document = json.loads(typed("ps -a -s --format json").lines[0])
    assert (document["Names"], document["Image"], document["State"]) == ("idle", box, "created")


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (("status=created",), ["idle"]),
        (("status=running", "status=created"), ["idle", "web"]),
        (("name=^w",), ["web"]),
        (("label=tier",), ["web"]),
        (("label=tier=back",), []),
        (("ancestor=box",), ["idle", "web"]),
        (("ancestor=nosuch",), []),
        (("since=web",), ["idle"]),
        (("before=idle",), ["web"]),
        (("network=none",), []),
        (("volume=data",), ["idle"]),
        (("volume=/data",), ["idle"]),
        (("exited=0",), []),
        (("expose=80",), ["web"]),
        (("expose=80/udp",), []),
        (("publish=80",), []),
        (("health=none",), ["idle", "web"]),
        (("health=healthy",), []),
    ],
)
def test_filters_of_ps(typed: Typed, box: str, web: str, filters: tuple[str, ...], names: list[str]) -> None:
    """Values of one key are alternatives, keys add up."""
    assert typed(f"create --name idle -v data:/data {box} true").code == 0
    words = [word for text in filters for word in ("--filter", text)]
    assert typed("ps -a --format {{.Names}}", *words).lines == names


def test_logs_are_kept_with_their_times(typed: Typed, web: str) -> None:
    """Both streams; the last lines, those since a moment, each with its time."""
    assert (typed(f"logs {web}").out, typed(f"logs {web}").err) == ("hello\n", "oops\n")
    assert typed(f"logs -n 1 {web}").err == "oops\n"
    assert typed(f"logs --tail 0 {web}").out == ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z hello\n", typed(f"logs -t {web}").out)
    assert typed(f"logs --since 1h {web}").out == "hello\n"
    assert typed(f"logs --until 2001-01-01 {web}").out == ""


def test_logs_are_followed_to_the_end(typed: Typed, box: str) -> None:
    """What came before, and what comes until the program ends."""
    typed(f"run -d --name slow {box}", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done")
    assert typed("logs -f slow").out == "1\n2\n3\n"
    assert typed("logs -f --tail 1 slow").out == "3\n"


def test_exec_runs_one_more_program(typed: Typed, web: str) -> None:
    """With its own environment, folder, user, input and exit code."""
    run = typed(f"exec -e A=b -w /var {web}", "sh", "-c", "echo $A $PWD; exit 4")
    assert (run.code, run.out) == (4, "b /var\n")
    assert typed(f"exec -i {web} cat", stdin=b"in\n").out == "in\n"
    assert typed(f"exec {web} nosuch").code == 126
    assert typed(f"exec -d {web} nosuch").code == 1

    assert typed(f"exec {web} /etc").code == 126
    assert typed(f"exec -w /nosuch {web} true").code == 126
    assert typed(f"exec -d {web} touch /later").code == 0


@pytest.mark.parametrize("flags", ["-d", "-d -t"])
def test_a_program_that_nobody_follows_goes_on(typed: Typed, web: str, flags: str) -> None:
    """What it writes goes nowhere, however much it is; it does not end for that."""
    script = "head -c 300000 /dev/zero; echo begun >&2; touch /done; sleep 1000"
    assert typed(f"exec {flags} {web}", "sh", "-c", script).code == 0
    assert until(lambda: typed(f"exec {web} ls /done").code == 0)
    assert "sleep 1000" in typed(f"top {web}").out


def test_a_container_is_stopped_started_and_removed(typed: Typed, web: str) -> None:
    """Each verb prints the name; what does not fit is an error."""
    assert typed(f"rm {web}").code == 1
    assert typed(f"stop {web}").out == f"{web}\n"
    assert typed("ps -a --format {{.Status}}").out.startswith("Exited (0) ")
    assert typed(f"exec {web} true").code == 1
    assert typed(f"attach {web}").code == 1
    assert typed(f"kill {web}").code == 1
    assert typed(f"start {web}").out == f"{web}\n"
    assert typed(f"start {web}").code == 0
    assert typed(f"pause {web}").out == f"{web}\n"
    assert "(Paused)" in typed("ps").out
    assert typed(f"exec {web} true").code == 1
    assert typed(f"unpause {web}").out == f"{web}\n"
    await_start(typed, times=2)
    assert typed(f"restart -t 5 {web}").out == f"{web}\n"
    await_start(typed, times=3)
    assert typed(f"kill -s TERM {web}").out == f"{web}\n"
    assert typed(f"wait {web}").out == "0\n"
    assert typed(f"rename {web} old").out == ""
    several = typed("rm nosuch old")
    assert (several.code, several.out) == (1, "old\n")
    assert "nosuch" in several.err
    assert typed("rm -f nosuch").code == 0


def test_what_cannot_start_stays_created(typed: Typed, box: str) -> None:
    """As with docker: it can be looked at and removed."""
    assert typed(f"run --name broken {box} nosuch").code == 127
    assert typed("ps -a --format", "{{.Names}} {{.Status}}").out == "broken Created\n"
    assert typed("start broken").code == 1
    assert typed("rm broken").out == "broken\n"


def test_diff_shows_what_a_container_has_done(typed: Typed, web: str) -> None:
    """In docker's letters; with sizes and what is hidden in a table; as JSON."""
    typed(f"exec {web}", "sh", "-c", "echo new > /new; rm /var/old; mkdir /d")
    assert typed(f"diff {web}").lines == ["A /d", "A /new", "C /var", "D /var/old"]
    assert typed(f"diff --path /var {web}").lines == ["C /var", "D /var/old"]
    table = typed(f"diff --size {web}").lines
    assert table[0].split() == ["CHANGE", "KIND", "SIZE", "OLD", "SIZE", "HIDES", "LAYER", "PATH"]
    assert re.split(r" {2,}", table[2]) == ["A", "file", "4B", "0B", "N/A", "/new"]
    assert re.split(r" {2,}", table[4]) == ["D", "file", "0B", "4B", "0", "/var/old"]
    deleted = json.loads(typed(f"diff --format json {web}").lines[-1])
    assert (deleted["Change"], deleted["Layer"], deleted["OldSize"]) == ("D", 0, 4)

    typed(f"exec {web}", "sh", "-c", "mkdir -p '/a\nD /etc'")
    assert r"A /a\x0aD /etc" in typed(f"diff {web}").lines


def test_a_name_that_is_two_things_asks_which(typed: Typed, box: str) -> None:
    """container:NAME and image:NAME, --type and the noun forms settle it."""
    typed(f"run --name {box} {box} touch /made")
    for line in (f"diff {box}", f"inspect {box}", f"export -o /dev/null {box}"):
        clash = typed(line)
        assert clash.code == 1
        assert f"container:{box}" in clash.err
    assert typed(f"diff container:{box}").out == "A /made\n"
    assert typed(f"container diff {box}").out == "A /made\n"
    assert typed("inspect -f {{.Name}}", f"container:{box}").out == f"/{box}\n"
    assert typed(f"inspect -f {{{{.Name}}}} --type container {box}").out == f"/{box}\n"
    assert typed("inspect -f", "{{json .RepoTags}}", f"image:{box}").out == f'["{box}:latest"]\n'
    assert json.loads(typed(f"image inspect {box}").out)[0]["RepoTags"] == [f"{box}:latest"]


def test_inspect_of_what_is_not_there_is_an_empty_list(typed: Typed, box: str) -> None:
    """And one line for each, as with docker; a template has nothing to print."""
    for line in (
        "volume inspect nosuch",
        "container inspect nosuch",
        "inspect --type volume nosuch",
        "volume inspect -f json nosuch",
    ):
        run = typed(line)
        assert (run.code, run.out, run.err.count("\n")) == (1, "[]\n", 1), line
    run = typed("container inspect -f {{.Name}} nosuch other")
    assert (run.code, run.out, run.err.count("No such container")) == (1, "", 2)
    run = typed(f"volume inspect {box} nosuch")
    assert (run.code, run.out, run.err.count("no such volume")) == (1, "[]\n", 2)


def test_inspect_is_dockers_document(typed: Typed, web: str) -> None:
    """The members that scripts ask for."""
    found = json.loads(typed(f"inspect {web}").out)[0]
    assert found["Name"] == f"/{web}"
    assert found["State"]["Running"] is True
    assert found["Config"]["Labels"] == {"made": "here", "tier": "front"}
    assert found["HostConfig"]["NetworkMode"] == "host"
    assert found["Path"] == "sh"
    assert typed("inspect -s -f {{.SizeRw}}", web).out == "0\n"
    assert list(found["Config"]["ExposedPorts"]) == ["80/tcp", "81/tcp"]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{.NetworkSettings.IPAddress}}", ""),
        ("{{range $k, $v := .NetworkSettings.Networks}}{{$k}}={{$v.IPAddress}}{{end}}", "host="),
        ("{{.HostConfig.LogConfig.Type}} {{.HostConfig.IpcMode}}", "json-file private"),
        ("{{.HostConfig.CapAdd}} {{len .HostConfig.CapDrop}}", "[SYS_NICE] 0"),
        ("{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none"),
        ("{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.PublishAllPorts}}", "no false"),
        ("{{.AppArmorProfile}}{{len .ExecIDs}}", "0"),
    ],
)
def test_templates_of_scripts_find_their_members(typed: Typed, box: str, template: str, text: str) -> None:
    """Those that speak of what does not exist here, too."""
    assert typed(f"create --cap-add SYS_NICE --name idle {box} true").code == 0
    assert typed("inspect -f", template, "idle").out.rstrip("\n") == text


def test_a_row_that_comes_out_empty_is_a_line(typed: Typed, box: str) -> None:
    """As docker prints it, since scripts count lines; where there is no row, there is no line."""
    for name in ("one", "two"):
        typed(f"create --name {name} {box} true")
    assert typed("ps -a --format {{.Mounts}}").out == "\n\n"
    assert typed("ps -a --filter name=one --format {{.Mounts}}").out == "\n"
    assert typed("ps -a --filter name=three --format {{.Mounts}}").out == ""
    assert typed("ps -a --filter name=one --format", "table {{.Mounts}}").out == "MOUNTS\n\n"
    assert typed("ps -a --filter name=one --format", "{{println .Names}}").out == "one\n\n"
    assert typed("inspect -f {{range.Mounts}}{{end}} one two").out == "\n\n"


def test_commit_makes_an_image_that_runs(typed: Typed, box: str, web: str) -> None:
    """With history, author and changed configuration; the container's own goes along."""
    typed(f"exec {web} touch /made")
    run = typed("commit -m why -a Ann", "-c", 'CMD ["ls", "/made"]', "-c", "EXPOSE 80", web, "app:1")
    assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", run.out)
    assert typed("run --rm app:1").out == "/made\n"
    assert "why" in typed("history --no-trunc app:1").out
    assert typed("ps -q --filter ancestor=app:1").out == ""
    assert len(typed("ps -q --filter", f"ancestor={box}").lines) == 1
    assert typed("images --format", "{{.Repository}} {{.Containers}}").lines == ["app 0", f"{box} 1"]


def test_an_image_in_use_stays(typed: Typed, box: str, web: str) -> None:
    """Neither rmi nor prune takes it away."""
    refused = typed(f"rmi {box}")
    assert refused.code == 1
    assert "is using its referenced image" in refused.err
    typed("image prune -a -f")
    assert typed("images -q").out != ""


def test_files_are_copied_both_ways(typed: Typed, web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into folders or under a new name, as archives on standard input and output, running or not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index").write_text("page\n")
    assert typed(f"cp site {web}:/srv").code == 0
    assert typed(f"exec {web} cat /srv/index").out == "page\n"
    assert typed(f"cp site {web}:/srv").code == 0
    assert typed(f"exec {web} cat /srv/site/index").out == "page\n"
    assert typed(f"cp -q site/. {web}:/srv").err == ""
    told = typed(f"cp {web}:/etc/passwd .")
    assert told.err.startswith("Successfully copied ")
    assert (tmp_path / "passwd").read_text().startswith("root:")
    typed(f"stop -t 0 {web}")
    assert typed(f"cp {web}:/srv/index renamed").code == 0
    assert (tmp_path / "renamed").read_text() == "page\n"
    assert typed(f"cp {web}:/nosuch .").code == 1
    missing = typed(f"cp nosuch {web}:/")
    assert (missing.code, missing.err) == (1, f"Error: {tmp_path}/nosuch is not there. Correct the path.\n")
    with tarfile.open(fileobj=io.BytesIO(typed(f"cp {web}:/srv -").out.encode("utf-8", "surrogateescape"))) as tar:
        assert "srv/site/index" in tar.getnames()


def test_the_whole_tree_of_a_running_container_is_copied(typed: Typed, web: str) -> None:
    """Without what the kernel shows in it: processes come and go, and devices cannot be made everywhere."""
    for path in ("/", "/."):
        run = typed(f"cp {web}:{path} -")
        assert run.code == 0
        with tarfile.open(fileobj=io.BytesIO(run.out.encode("utf-8", "surrogateescape"))) as tar:
            names = [name.removeprefix("./") for name in tar.getnames()]
        assert "etc/passwd" in names
        assert "proc" in names
        assert not [name for name in names if name.startswith(("proc/", "sys/"))]


def test_a_container_is_exported(typed: Typed, web: str, tmp_path: Path) -> None:
    """Its whole tree without volumes, to be imported again."""
    typed(f"exec {web} touch /made")
    assert typed(f"export -o {tmp_path}/tree.tar {web}").code == 0
    with tarfile.open(tmp_path / "tree.tar") as tar:
        names = tar.getnames()
    assert "made" in names
    assert "etc/passwd" in names
    assert not any(name.startswith("proc/") for name in names)


def test_volumes_outlive_containers(typed: Typed, box: str) -> None:
    """Named ones; anonymous ones go with --rm, and with rm -v."""
    assert typed("volume create --label a=b data").out == "data\n"
    typed(f"run --rm -v data:/d {box}", "sh", "-c", "echo kept > /d/file")
    assert typed(f"run --rm -v data:/d:ro {box} cat /d/file").out == "kept\n"
    assert typed(f"run --rm -v data:/d:ro {box} touch /d/x").code == 1
    typed(f"run --name user -v data:/d -v /anonymous {box} true")
    assert typed("volume rm data").code == 1
    assert len(typed("volume ls -q").lines) == 2
    assert typed("volume ls --format", "{{.Name}} {{.Links}}", "--filter", "name=data").out == "data 1\n"
    assert json.loads(typed("volume inspect data").out)[0]["Labels"] == {"a": "b"}
    assert json.loads(typed("inspect data").out)[0]["Name"] == "data"
    assert typed("rm -v user").code == 0
    assert typed("volume ls -q").lines == ["data"]
    assert typed("volume prune -f").lines[-1] == "Total reclaimed space: 0B"
    assert typed("volume prune -a -f").lines[:2] == ["Deleted Volumes:", "data"]


def test_prunes_take_what_does_not_run(typed: Typed, box: str, web: str) -> None:
    """After a question; system prune takes them too, and counts."""
    typed(f"create --name idle {box} true")
    assert typed("container prune").code == 1
    assert typed("container prune", stdin=b"n\n", terminal=True).out == "Total reclaimed space: 0B\n"
    assert typed("container prune -f").lines[0] == "Deleted Containers:"
    assert typed("ps -a --format {{.Names}}").lines == [web]
    rows = {line.split("  ")[0]: line.split() for line in typed("system df").lines}
    assert rows["Containers"][1:3] == ["1", "1"]
    typed(f"create --name idle {box} true")
    assert typed("system prune -f").lines[0] == "Deleted Containers:"
    assert typed("ps -a --format {{.Names}}").lines == [web]


def test_files_and_variables_reach_the_program(typed: Typed, box: str, tmp_path: Path) -> None:
    """-v, --mount, --tmpfs, -e, --env-file, -w, -u, -h, --entrypoint, --label-file, --read-only, --add-host."""
    (tmp_path / "vars").write_text("A=1\n# no\nB=two words\n")
    (tmp_path / "in").write_text("mine\n")
    flags = f"run --rm --env-file {tmp_path}/vars -e C=3 -v {tmp_path}:/host:ro -w /var -h name {box}"
    assert (
        typed(flags, "sh", "-c", "echo $A $B $C $PWD; hostname; cat /host/in").out == "1 two words 3 /var\nname\nmine\n"
    )
    assert typed(f"run --rm --entrypoint echo {box} hi").out == "hi\n"
    assert typed(f"run --rm --mount type=bind,src={tmp_path},dst=/m,readonly {box} touch /m/x").code == 1
    assert typed(f"run --rm --read-only --tmpfs /t {box}", "sh", "-c", "touch /t/x && ! touch /x").code == 0
    assert typed(f"run --rm --add-host db:10.0.0.7 {box} cat /etc/hosts").out.count("10.0.0.7") == 1
    cid = tmp_path / "cid"
    assert typed(f"run --rm --cidfile {cid} {box} true").code == 0
    assert _ID.fullmatch(cid.read_text())
    assert typed(f"run --rm --cidfile {cid} {box} true").code == 125


def test_volumes_of_another_container_are_shared(typed: Typed, box: str) -> None:
    """--volumes-from, read-only if wanted."""
    typed(f"run --name owner -v /data {box}", "sh", "-c", "echo shared > /data/file")
    assert typed(f"run --rm --volumes-from owner {box} cat /data/file").out == "shared\n"
    assert typed(f"run --rm --volumes-from owner:ro {box} touch /data/x").code == 1
    assert typed(f"run --rm --volumes-from owner {box} cat /data/file").out == "shared\n"


def test_flags_that_ask_for_what_is_so_anyway_are_taken(typed: Typed, box: str) -> None:
    """Scripts written for docker have them; other values of the same flags are refused by name."""
    flags = "--restart no --ipc private --cgroupns private --log-driver json-file --volume-driver local"
    options = "--isolation default --security-opt apparmor=unconfined --security-opt label:disable"
    assert typed(f"run --rm {flags} {options} {box} echo so").out == "so\n"


def test_a_name_may_begin_with_a_slash(typed: Typed, box: str) -> None:
    """As inspect shows it."""
    assert typed(f"create --name /slash {box} true").code == 0
    assert typed("rename slash /other").code == 0
    assert typed("inspect -f {{.Name}} /other").out == "/other\n"


def test_input_comes_with_i_whatever_is_attached(typed: Typed, box: str) -> None:
    """-a chooses among the outputs: a program that reads to the end gets there."""
    run = typed(f"run --rm -i -a stdout {box}", "sh", "-c", "cat; echo unheard >&2", stdin=b"in\n")
    assert (run.out, run.err) == ("in\n", "")


def test_the_commands_own_flags_stay_its_own(typed: Typed, box: str) -> None:
    """What comes after the image is not ours, -- or not."""
    assert typed(f"run --rm {box} echo --rm=true -e X=1 --help").out == "--rm=true -e X=1 --help\n"
    assert typed(f"run --rm=true -e=A=1 {box}", "sh", "-c", "echo $A").out == "1\n"


def test_what_is_missing_is_pulled(typed: Typed, box: str, registry: str) -> None:
    """With docker's lines on standard error; --pull never does not."""
    name = f"{registry}/missing:1"
    typed(f"tag {box} {name}")
    assert typed(f"push -q {name}").code == 0
    typed(f"rmi {name}")
    assert typed(f"run --rm --pull never {name} true").code == 125
    run = typed(f"run --rm {name} echo here")
    assert (run.code, run.out) == (0, "here\n")
    assert run.err.splitlines()[0] == f"Unable to find image '{name}' locally"
    assert f"Status: Downloaded newer image for {name}" in run.err
    assert typed(f"run --rm -q {name} echo here").err == ""


def test_top_and_port_look_from_outside(typed: Typed, web: str) -> None:
    """Processes with their numbers on this machine; no ports where none are published."""
    lines = typed(f"top {web}").lines
    assert lines[0].split() == ["UID", "PID", "PPID", "STARTED", "TIME", "CMD"]
    assert any("sh -c" in line for line in lines[1:])
    assert typed(f"port {web}").out == ""
    assert typed(f"port {web} 80").code == 1


@pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps (procps)")
def test_top_takes_the_options_of_ps(typed: Typed, web: str) -> None:
    """Only processes of the container, in the columns asked for; without PID they cannot be told apart."""
    pid = typed(f"inspect -f {{{{.State.Pid}}}} {web}").out.strip()
    header, *lines = typed(f"top {web} -o pid,args").lines
    assert header.split() == ["PID", "COMMAND"]
    assert pid in [line.split()[0] for line in lines]
    assert len(lines) < 4
    assert typed(f"top {web} aux").lines[0].startswith("USER")
    assert "no column PID" in typed(f"top {web} -o args").err
    assert typed(f"top {web} --nosuch").code == 1


def test_info_says_how_containers_run_here(typed: Typed, web: str) -> None:
    """How many there are, and each way with the reason why it does not work."""
    info = typed("info").out
    assert "Containers: 1\n Running: 1\n" in info
    assert "Ways to run containers:" in info
    assert ": yes" in info
