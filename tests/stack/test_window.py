"""The network of the canary sees this stack's containers, a few fields of each, and nothing else of the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack.stack import Stack

pytestmark = pytest.mark.stack

SECRET = "a-secret-of-somebody-else"
ASK = """
import http.client, json, sys
found = []
for method, path in json.loads(sys.argv[1]):
    connection = http.client.HTTPConnection("docker-proxy", 2375, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    found.append([answer.status, answer.read().decode()])
print(json.dumps(found))
"""


def ask(stack: Stack, *calls: tuple[str, str]) -> list[tuple[int, str]]:
    """Status and text of each call, made by the canary's container."""
    said = stack.compose("exec", "-T", "canary", "python", "-c", ASK, json.dumps(calls))
    return [(status, text) for status, text in json.loads(said)]


@pytest.fixture
def foreign(healthy: Stack) -> Iterator[dict[str, Any]]:
    """A container of somebody else on the same engine, with a secret in its environment, its command and its labels."""
    secret = f"PASSWORD={SECRET}"
    image = healthy.container("web")["Image"]
    made = ("docker", "create", "--env", secret, "--label", secret, "--entrypoint", "python", image, "-c", SECRET)
    identity = healthy.run(*made).stdout.strip()
    try:
        yield dict(json.loads(healthy.run("docker", "inspect", identity).stdout)[0])
    finally:
        healthy.run("docker", "rm", "--force", identity)


def test_a_container_of_somebody_else_can_not_be_seen(healthy: Stack, foreign: dict[str, Any]) -> None:
    identity, name = foreign["Id"], foreign["Name"].lstrip("/")
    paths = ("/containers/json?all=1", "/v1.41/containers/json?all=1&limit=-1&size=0&trunc_cmd=0", "/version")
    looks = (f"/containers/{identity}/json", f"/containers/{identity[:12]}/json", f"/containers/{name}/json")
    answers = ask(healthy, *(("GET", path) for path in (*paths, *looks)))
    assert [status for status, _ in answers] == [200] * len(paths) + [404] * len(looks)
    for _, text in answers:
        assert identity[:12] not in text
        assert name not in text
        assert SECRET not in text
    listed = json.loads(answers[0][1])
    assert {row["Labels"]["com.docker.compose.project"] for row in listed} == {healthy.project}
    assert {row["Labels"]["com.docker.compose.service"] for row in listed} >= set(healthy.running_services())


def test_of_the_own_containers_neither_environment_nor_command_nor_paths_of_the_host_can_be_seen(
    healthy: Stack,
) -> None:
    for service in healthy.running_services():
        known = healthy.container(service)
        status, text = ask(healthy, ("GET", f"/containers/{known['Id']}/json"))[0]
        assert status == 200
        shown = json.loads(text)
        assert (shown["Id"], shown["Image"], shown["RestartCount"]) == (
            known["Id"],
            known["Image"],
            known["RestartCount"],
        )
        assert not {"Env", "Cmd", "Entrypoint"} & set(shown["Config"])
        assert not {"Mounts", "NetworkSettings", "Args", "Path", "LogPath"} & set(shown)
        for value in (*known["Config"]["Env"], *(mount["Source"] for mount in known["Mounts"])):
            assert value not in text
        assert known["Config"]["Labels"]["com.docker.compose.project.working_dir"] not in text


def test_the_engine_takes_no_order_from_there(healthy: Stack, foreign: dict[str, Any]) -> None:
    own = healthy.container("canary")["Id"]
    calls = [
        *(("POST", f"/containers/{identity}/{verb}") for identity in (own, foreign["Id"]) for verb in ("stop", "exec")),
        ("DELETE", f"/containers/{foreign['Id']}?force=1"),
        ("POST", "/containers/create"),
        ("POST", "/images/create?fromImage=x"),
        *(("GET", path) for path in ("/info", "/images/json", "/volumes", "/networks", "/events", "/system/df")),
        *(("GET", f"/containers/{own}/{what}") for what in ("logs?stdout=1", "top", "export", "archive?path=/")),
    ]
    for (method, path), (status, _) in zip(calls, ask(healthy, *calls), strict=True):
        assert status in (404, 405), f"{method} {path}"
    assert healthy.run("docker", "inspect", foreign["Id"]).returncode == 0
    assert healthy.container("canary")["State"]["Running"]
