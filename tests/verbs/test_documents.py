"""``inspect --format``: each expected text was printed by docker 20.10 for an image or container that says as much."""

from __future__ import annotations

from typing import Any

import pytest

from dockmagic.commands.output.template_output import formatted
from dockmagic.oci.errors import InvalidInput

EMPTY: dict[str, Any] = {
    "RepoDigests": [],
    "Config": {
        "User": "", "Env": None, "Cmd": None, "Volumes": None, "WorkingDir": "", "Entrypoint": None, "OnBuild": None,
        "Labels": None,
    },
}  # fmt: skip
FULL: dict[str, Any] = {
    "Config": {
        "Cmd": ["sh"], "Env": ["A=b"], "Labels": {"x": "y", "z": "w"}, "Volumes": {"/v": {}},
        "ExposedPorts": {"80/tcp": {}},
    },
}  # fmt: skip
CONTAINER: dict[str, Any] = {
    "ExecIDs": None,
    "State": {"Status": "created", "Running": False, "Pid": 0, "Health": None},
    "HostConfig": {
        "Binds": None, "CapAdd": None, "Dns": [], "Init": None, "PidsLimit": None, "Tmpfs": {}, "Links": None,
        "Ulimits": None, "PortBindings": {}, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "LogConfig": {"Type": "json-file", "Config": {}},
    },
    "Config": {"StopTimeout": None, "Labels": {}},
    "NetworkSettings": {"Ports": {}, "Networks": {"none": {"Aliases": None}}},
    "Mounts": [{"Type": "volume", "Destination": "/v", "RW": True}],
}  # fmt: skip

DOCKER = [
    (EMPTY, "{{.Config.Entrypoint}}{{.Config.Cmd}}{{.Config.Env}}{{.Config.OnBuild}}{{.Config.Shell}}", "[][][][][]"),
    (EMPTY, "{{.Config.Labels}} {{.Config.Volumes}} {{.Config.ExposedPorts}}", "map[] map[] map[]"),
    (EMPTY, "{{.Config.Healthcheck}}", "<nil>"),
    (EMPTY, "{{.Config.StopSignal}}|{{.Config.Hostname}}", "|"),
    (EMPTY, '{{.Config.Labels.x}}|{{index .Config.Labels "x"}}', "<no value>|"),
    (EMPTY, "{{json .Config.Labels}} {{json .Config.Cmd}} {{json .RepoDigests}}", "null null []"),
    (EMPTY, "{{len .Config.Cmd}}", "0"),
    (EMPTY, "{{range .Config.Cmd}}x{{else}}none{{end}}{{if .Config.Labels}}some{{end}}", "none"),
    (EMPTY, '{{join .Config.Cmd " "}}|{{println .Config.Cmd}}', "|[]\n"),
    (EMPTY, "{{.RepoDigests}}", "[]"),
    (FULL, "{{.Config.Labels}}", "map[x:y z:w]"),
    (FULL, '{{index .Config.Labels "no"}}|{{.Config.Labels.no}}|{{.Config.Labels.x}}', "|<no value>|y"),
    (FULL, "{{.Config.Volumes}} {{.Config.ExposedPorts}}", "map[/v:{}] map[80/tcp:{}]"),
    (FULL, '{{index .Config.ExposedPorts "80/tcp"}}{{index .Config.ExposedPorts "81/tcp"}}', "{}{}"),
    (FULL, "{{range $k, $v := .Config.ExposedPorts}}{{$k}}={{$v}}{{end}}", "80/tcp={}"),
    (FULL, '{{printf "%q" .Config.Cmd}}', '["sh"]'),
    (FULL, "{{not .Config.Cmd}} {{.Config.Cmd | len}}", "false 1"),
    (CONTAINER, "{{.State.Health}}{{.HostConfig.Init}}{{.HostConfig.PidsLimit}}{{.Config.StopTimeout}}", "<nil>" * 4),
    (CONTAINER, "{{.HostConfig.Binds}}{{.HostConfig.CapAdd}}{{.HostConfig.Dns}}{{.HostConfig.Links}}", "[][][][]"),
    (CONTAINER, "{{.HostConfig.Tmpfs}}{{.HostConfig.PortBindings}}{{.NetworkSettings.Ports}}", "map[]map[]map[]"),
    (CONTAINER, "{{.ExecIDs}}{{.HostConfig.Ulimits}}", "[][]"),
    (CONTAINER, "{{.HostConfig.RestartPolicy}}", "{no 0}"),
    (CONTAINER, "{{.NetworkSettings.Networks.none.Aliases}}", "[]"),
    (CONTAINER, "{{range .Mounts}}{{.}}{{end}}", "{volume /v true}"),
    (CONTAINER, "{{json .HostConfig.Binds}}{{json .State.Health}}", "nullnull"),
    (CONTAINER, '{{index .NetworkSettings.Ports "80/tcp"}}', "<no value>"),
]


@pytest.mark.parametrize(("document", "template", "expected"), DOCKER)
def test_prints_what_docker_prints(document: dict[str, Any], template: str, expected: str) -> None:
    """Lists, maps and pointers that are nil, structs, keys that are not there."""
    assert formatted(template, document) == expected


@pytest.mark.parametrize(
    "template", ["{{.Nope}}", "{{.Config.Nope}}", "{{.State.Health.Status}}", "{{index .Config.Cmd 0}}"]
)
def test_refuses_what_docker_refuses(template: str) -> None:
    """Members of structs must be there, and nothing has no members."""
    with pytest.raises(InvalidInput):
        formatted(template, CONTAINER | {"Config": {"Cmd": []}})
