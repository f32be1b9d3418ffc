"""The window shows this project's containers, of each a few named fields, and nothing else of the engine."""

from __future__ import annotations

import json
import time
from typing import Any

import docker
import pytest
from flask import Flask
from flask.testing import FlaskClient

from canary.containers import Containers
from tests.common.local import http_server
from tests.window.conftest import app_at
from tests.window.engine import HOST_PATH, HOSTNAME, OTHER, OWN, SECRET, Engine, container

LIST = "/containers/json?all=1"


def names(window: FlaskClient, path: str = LIST) -> list[str]:
    answer = window.get(path)
    assert answer.status_code == 200, answer.text
    return [row["Names"][0] for row in answer.get_json()]


def refusals(window: FlaskClient) -> float:
    lines = window.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("window_refusals_total{"))


def test_the_list_has_the_containers_of_the_own_project_alone(window: FlaskClient) -> None:
    assert names(window) == ["/spark-docker-proxy-1", "/spark-web-1"]


def test_an_engine_that_heeds_no_filter_changes_nothing(window: FlaskClient, engine: Engine) -> None:
    engine.obeys_filters = False
    assert names(window) == ["/spark-docker-proxy-1", "/spark-web-1"]


def test_a_container_shows_what_the_canary_needs(window: FlaskClient, engine: Engine) -> None:
    found = window.get(f"/containers/{engine.containers[1]['Id']}/json").get_json()
    assert (found["Name"], found["RestartCount"], found["Config"]["Image"]) == ("/spark-web-1", 3, "spark-web:latest")
    assert found["State"]["Health"] == {"Status": "healthy", "FailingStreak": 0}
    assert (found["State"]["ExitCode"], found["State"]["StartedAt"]) == (0, "2026-11-22T10:00:00.123456789Z")
    assert found["HostConfig"] == {"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}}
    assert found["Config"]["Labels"] == {
        "com.docker.compose.project": OWN,
        "com.docker.compose.service": "web",
        "com.docker.compose.container-number": "1",
        "org.opencontainers.image.revision": "abc",
        "spark.standin": "true",
    }


def test_of_the_statistics_of_a_container_the_memory_is_shown(window: FlaskClient, engine: Engine) -> None:
    path = f"/containers/{engine.containers[1]['Id']}/stats?stream=false"
    told = {"usage": 500, "limit": 1000, "stats": {"inactive_file": 100}}
    assert window.get(path).get_json() == {"memory_stats": told}
    assert window.get(path.replace(engine.containers[1]["Id"], engine.containers[2]["Id"])).status_code == 404


def test_no_environment_command_mount_address_or_output_is_shown_anywhere(window: FlaskClient, engine: Engine) -> None:
    web = engine.containers[1]
    stats = f"/containers/{web['Id']}/stats?stream=false&one-shot=1"
    paths = [LIST, "/version", "/_ping", f"/containers/{web['Id']}/json", f"/images/{web['Image']}/json", stats]
    for path in (*paths, *(f"/v1.41{path}" for path in paths)):
        answer = window.get(path)
        assert answer.status_code == 200, path
        for hidden in (SECRET, HOST_PATH, "172.20", "4711"):
            assert hidden not in answer.text, path


def test_a_field_that_the_engine_fills_with_something_else_is_left_out(window: FlaskClient, engine: Engine) -> None:
    web = engine.containers[1]
    web["RestartCount"] = {"Env": SECRET}
    web["State"] = SECRET
    web["HostConfig"] = [{"RestartPolicy": SECRET}]
    web["Config"]["Image"] = [{"Env": SECRET}]
    answer = window.get(f"/containers/{web['Id']}/json")
    assert answer.status_code == 200
    assert SECRET not in answer.text


@pytest.mark.parametrize("short", [12, 64])
def test_a_container_of_another_project_does_not_exist(window: FlaskClient, engine: Engine, short: int) -> None:
    foreign, nobody = engine.containers[2], "f" * 64
    assert foreign["Config"]["Labels"]["com.docker.compose.project"] == OTHER
    answers = [window.get(f"/containers/{identity[:short]}/json") for identity in (foreign["Id"], nobody)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].get_data() == answers[1].get_data(), "nobody can tell one from the other"


def test_a_container_that_somebody_runs_from_an_image_of_the_project_is_none_of_it(
    window: FlaskClient, engine: Engine
) -> None:
    """Compose labels the images that it builds, and a container inherits the labels of its image."""
    del engine.containers[1]["Config"]["Labels"]["com.docker.compose.container-number"]
    assert names(window) == ["/spark-docker-proxy-1"]
    assert window.get(f"/containers/{engine.containers[1]['Id']}/json").status_code == 404


def test_a_container_without_labels_does_not_exist(window: FlaskClient, engine: Engine) -> None:
    engine.containers[1]["Config"]["Labels"] = None
    assert window.get(f"/containers/{engine.containers[1]['Id']}/json").status_code == 404


@pytest.mark.parametrize("name", ["spark-web-1", "web", "..", "%2e%2e", "a", "f" * 65, "F" * 12, "ab" * 6 + "%0a"])
def test_a_container_is_asked_for_by_its_id_alone(window: FlaskClient, engine: Engine, name: str) -> None:
    assert window.get(f"/containers/{name}/json").status_code == 404
    assert [target for _, target in engine.asked if name in target] == []


def test_an_image_is_shown_with_its_digests_when_a_container_of_the_project_has_it(
    window: FlaskClient, engine: Engine
) -> None:
    found = window.get(f"/images/{engine.containers[1]['Image']}/json").get_json()
    assert found["RepoDigests"] == [f"web@sha256:{'d' * 64}"]
    assert found["Config"] == {"Labels": {"spark.standin": "true"}}


@pytest.mark.parametrize("image", ["sha256:" + "e" * 64, "postgres:17.6-trixie", "web", "sha256:.."])
def test_an_image_of_nobody_here_does_not_exist(window: FlaskClient, engine: Engine, image: str) -> None:
    assert window.get(f"/images/{image}/json").status_code == 404
    assert [target for _, target in engine.asked if target.startswith("/images")] == []


@pytest.mark.parametrize(
    "filters",
    [
        f'{{"label":["com.docker.compose.project={OWN}"]}}',
        f'{{"label":{{"com.docker.compose.project={OWN}":true}}}}',
        "{}",
    ],
)
def test_the_own_project_may_be_named(window: FlaskClient, filters: str) -> None:
    assert names(window, f"{LIST}&filters={filters}") == ["/spark-docker-proxy-1", "/spark-web-1"]


def test_another_project_has_no_containers_here(window: FlaskClient) -> None:
    assert names(window, f'{LIST}&filters={{"label":["com.docker.compose.project={OTHER}"]}}') == []


def test_without_all_only_running_containers_are_listed(window: FlaskClient, engine: Engine) -> None:
    engine.containers[1]["State"]["Status"] = "exited"
    assert names(window, "/containers/json") == ["/spark-docker-proxy-1"]
    assert len(names(window)) == 2


WRONG = [
    ("GET", "/containers/json?all=2", 422),
    ("GET", "/containers/json?size=1", 422),
    ("GET", "/containers/json?limit=1", 422),
    ("GET", "/containers/json?before=x", 422),
    ("GET", "/containers/json?all=1&all=1", 422),
    ("GET", '/containers/json?filters={"status":["running"]}', 422),
    ("GET", '/containers/json?filters={"label":["a","b"]}', 422),
    ("GET", '/containers/json?filters={"label":["somebody.password"]}', 422),
    ("GET", "/containers/json?filters=[[[[", 422),
    ("GET", f"/containers/{HOSTNAME}/json?size=1", 422),
    ("GET", f"/containers/{HOSTNAME}/logs", 404),
    ("GET", f"/containers/{HOSTNAME}/top", 404),
    ("GET", f"/containers/{HOSTNAME}/archive?path=/", 404),
    ("GET", f"/containers/{HOSTNAME}/export", 404),
    ("GET", f"/containers/{HOSTNAME}/stats", 422),
    ("GET", f"/containers/{HOSTNAME}/stats?stream=true", 422),
    ("GET", f"/containers/{HOSTNAME}/stats?stream=false&one-shot=false", 422),
    ("GET", "/containers//json", 404),
    ("GET", "/images/json", 404),
    ("GET", "/volumes", 404),
    ("GET", "/networks", 404),
    ("GET", "/secrets", 404),
    ("GET", "/configs", 404),
    ("GET", "/info", 404),
    ("GET", "/events", 404),
    ("GET", "/v2.0/version", 404),
    ("GET", "/v1.41/v1.41/version", 404),
    ("GET", f"/containers/../containers/{HOSTNAME}/json", 404),
    ("POST", "/containers/create", 404),
    ("POST", f"/containers/{HOSTNAME}/kill", 404),
    ("POST", f"/containers/{HOSTNAME}/exec", 404),
    ("POST", "/containers/json", 405),
    ("PUT", f"/containers/{HOSTNAME}/archive", 404),
    ("DELETE", f"/containers/{HOSTNAME}", 404),
    ("DELETE", f"/containers/{HOSTNAME}/json", 405),
    ("PATCH", "/version", 405),
]


@pytest.mark.parametrize(("method", "path", "status"), WRONG)
def test_everything_else_is_refused_counted_and_never_reaches_the_engine(
    window: FlaskClient, engine: Engine, method: str, path: str, status: int
) -> None:
    before = refusals(window)
    answer = window.open(path, method=method)
    assert answer.status_code == status, answer.text
    assert answer.get_json()["message"], "the engine's client libraries show this"
    assert engine.asked == []
    assert refusals(window) == before + 1


def test_the_engine_is_asked_for_nothing_but_lists_and_looks(window: FlaskClient, engine: Engine) -> None:
    for path in (
        LIST,
        "/version",
        "/_ping",
        f"/containers/{HOSTNAME}/json",
        f"/images/{engine.containers[1]['Image']}/json",
    ):
        window.get(path)
    assert {method for method, _ in engine.asked} == {"GET"}
    assert {target.split("?")[0].split("/")[1] for _, target in engine.asked} == {"version", "containers", "images"}


def test_the_engines_own_client_library_works(app: Flask, engine: Engine) -> None:
    with http_server(app) as url, docker.APIClient(base_url=url.replace("http://", "tcp://"), version="auto") as client:
        assert client.ping() is True
        assert len(client.containers(all=True)) == 2
        assert client.inspect_container(engine.containers[1]["Id"])["Name"] == "/spark-web-1"
        with pytest.raises(docker.errors.NotFound, match="no such container in this project"):
            client.inspect_container(engine.containers[2]["Id"])
        with pytest.raises(docker.errors.APIError):
            client.create_container("web")


def test_the_canary_reads_the_project_through_it(app: Flask, engine: Engine) -> None:
    engine.containers.append(container("canary", identity="fedcba987654" + "0" * 52))
    with http_server(app) as url:
        reading = Containers(url.replace("http://", "tcp://"), "", "fedcba987654", 5.0, time.monotonic)
        reading.read_memory()
        seen = reading.read()
    assert [one.service for one in seen] == ["canary", "docker-proxy", "web"]
    assert {one.restart_count for one in seen} == {3}
    assert {(one.memory_used, one.memory_limit) for one in seen} == {(400, 1000)}


@pytest.mark.parametrize("hostname", ["laptop", "spark-web-1", "", "f" * 12])
def test_a_window_that_does_not_find_itself_shows_nothing(
    app: Flask, engine: Engine, hostname: str, tmp_path: Any
) -> None:
    window = app_at(tmp_path / "engine.sock", hostname).test_client()
    for path in (LIST, f"/containers/{engine.containers[1]['Id']}/json"):
        answer = window.get(path)
        assert (answer.status_code, "no project's label" in answer.get_json()["message"]) == (503, True)


def test_readiness_names_the_engine(window: FlaskClient, engine: Engine) -> None:
    assert window.get("/readyz").status_code == 200
    engine.replies["/containers/json"] = lambda: (500, json.dumps({"message": SECRET}).encode())
    answer = window.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["parts"]["engine"]["reason"] == "the container engine answers with status 500"
