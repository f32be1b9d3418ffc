"""The docker SDK against a server that speaks the engine's API."""

from __future__ import annotations

import time
from urllib.parse import unquote

import pytest

from canary.containers import MEMORY_SECONDS, Containers
from common import wire
from common.errors import Unavailable
from tests.canary.build import HandClock
from tests.canary.servers import Engine, Site, closed_port, inspected, raw_server


def reader(url: str | None, project: str = "spark", hostname: str = "host", timeout: float = 10.0) -> Containers:
    return Containers(url and url.replace("http://", "tcp://"), project, hostname, timeout, time.monotonic)


def test_the_projects_containers_come_with_state_health_and_restarts(engine: Engine) -> None:
    engine.containers = [
        inspected("web", RestartCount=3, State={"Health": {"Status": "unhealthy"}}),
        inspected("init", State={"Status": "exited", "Health": None}, HostConfig={"RestartPolicy": {"Name": "no"}}),
        inspected("web", project="other"),
    ]
    found = {one.service: one for one in reader(engine.url).read()}
    assert list(found) == ["init", "web"]
    web = found["web"]
    assert (web.name, web.state, web.health, web.restart_count) == ("spark-web-1", "running", "unhealthy", 3)
    assert (web.image, web.image_id, web.exit_code) == ("spark-web:0.1.0", "sha256:" + "1" * 64, 0)
    assert web.started_at == "2026-11-22T10:00:00.123456789Z"
    assert (found["init"].one_shot, found["init"].health, found["init"].up) == (True, None, True)


def test_the_environment_of_a_container_is_never_kept(engine: Engine) -> None:
    assert b"verysecret" not in wire.encode(reader(engine.url).read())


def test_only_the_version_the_containers_and_their_images_are_asked_for(engine: Engine) -> None:
    reading = reader(engine.url)
    reading.read_memory()
    reading.read()
    asked = {unquote(path.split("?")[0]) for path in engine.asked}
    assert asked == {"/version", "/v1.41/containers/json"} | {
        path
        for one in engine.containers
        for path in (
            f"/v1.41/containers/{one['Id']}/json",
            f"/v1.41/containers/{one['Id']}/stats",
            f"/v1.41/images/{one['Image']}/json",
        )
    }


def test_memory_is_told_without_the_files_that_the_kernel_keeps_and_for_three_minutes(engine: Engine) -> None:
    hand = HandClock()
    reading = Containers(engine.url.replace("http", "tcp"), "spark", "host", 5.0, lambda: hand.seconds)
    assert reading.read()[0].memory_used is None
    reading.read_memory()
    found = [(one.memory_used, one.memory_limit) for one in reading.read()]
    assert set(found) == {(50, 100)}
    hand.seconds = 180.0
    assert reading.read()[0].memory_used == 50
    hand.seconds = 181.0
    assert reading.read()[0].memory_used is None


def test_an_engine_that_does_not_tell_the_memory_leaves_it_out(engine: Engine) -> None:
    engine.memory.clear()
    reading = reader(engine.url)
    reading.read_memory()
    assert reading.read()[0].memory_used is None


def test_an_engine_that_is_away_leaves_the_memory_out_and_raises_nothing() -> None:
    assert reader(f"http://127.0.0.1:{closed_port()}").read_memory() == MEMORY_SECONDS


def test_an_image_speaks_for_itself_and_no_container_for_it(engine: Engine) -> None:
    image = "sha256:" + "1" * 64
    said = {
        "org.opencontainers.image.base.name": "python:3.13",
        "org.opencontainers.image.revision": "abc-dirty",
        "spark.standin": "true",
    }
    engine.containers = [inspected("web"), inspected("venue", Image="sha256:gone")]
    for one in engine.containers:
        one["Config"]["Labels"] |= {"org.opencontainers.image.revision": "other", "spark.standin": "false"}
    engine.images = {image: {"Id": image, "RepoDigests": ["web@sha256:2"], "Config": {"Labels": said}}}
    venue, web = reader(engine.url).read()
    assert (web.base, web.revision, web.standin, web.digests) == ("python:3.13", "abc-dirty", True, ("web@sha256:2",))
    assert (venue.base, venue.revision, venue.standin, venue.digests) == (None, None, False, ())


def test_the_project_is_found_by_the_canarys_own_container(engine: Engine) -> None:
    own = inspected("canary", project="mine")
    own["Id"] = "0123456789ab" + "c" * 52
    engine.containers = [own, inspected("web", project="mine"), inspected("web", project="other")]
    found = reader(engine.url, project="", hostname="0123456789ab").read()
    assert [one.name for one in found] == ["mine-canary-1", "mine-web-1"]


@pytest.mark.parametrize("hostname", ["laptop", "0123456789ab", "abc", ""])
def test_without_a_project_and_an_own_container_the_missing_setting_is_named(engine: Engine, hostname: str) -> None:
    with pytest.raises(Unavailable, match="SPARK_COMPOSE_PROJECT is not set"):
        reader(engine.url, project="", hostname=hostname).read()


def test_a_container_that_goes_between_list_and_look_is_left_out(engine: Engine) -> None:
    gone = engine.containers[0]
    engine.routes[f"/v1.41/containers/{gone['Id']}/json"] = (404, "application/json", b'{"message":"gone"}')
    assert [one.service for one in reader(engine.url).read()] == ["canary", "marketdata"]


def test_a_container_run_by_hand_is_left_out(engine: Engine) -> None:
    engine.containers[0]["Config"]["Labels"]["com.docker.compose.oneoff"] = "True"
    assert [one.service for one in reader(engine.url).read()] == ["canary", "marketdata"]


def test_an_engine_that_is_away_is_named() -> None:
    port = closed_port()
    with pytest.raises(Unavailable, match=f"tcp://127.0.0.1:{port} does not answer"):
        reader(f"http://127.0.0.1:{port}").read()


def test_an_engine_that_hangs_is_given_up_in_time() -> None:
    with raw_server(lambda connection: connection.recv(1)) as url:
        begin = time.monotonic()
        with pytest.raises(Unavailable, match="does not answer"):
            reader(url, timeout=1.0).read()
        assert time.monotonic() - begin < 20


def test_a_window_that_refuses_says_its_status(engine: Engine) -> None:
    engine.routes["/v1.41/containers/json"] = (403, "text/plain", b"forbidden")
    with pytest.raises(Unavailable, match="status 403"):
        reader(engine.url).read()


@pytest.mark.parametrize("body", [b"[]", b"{}", b"7", b"[{}]", b'[{"Id":7}]', b"no json", b"null"])
def test_an_answer_of_another_shape_is_unreadable_and_never_raises_otherwise(engine: Engine, body: bytes) -> None:
    engine.routes["/v1.41/containers/json"] = (200, "application/json", body)
    with pytest.raises(Unavailable):
        reader(engine.url).read()


def test_a_version_answer_of_another_shape_is_unreadable(site: Site) -> None:
    site.routes["/version"] = (200, "application/json", b"[]")
    with pytest.raises(Unavailable):
        reader(site.url).read()


def test_without_an_engines_address_the_setting_is_named() -> None:
    with pytest.raises(Unavailable, match="SPARK_DOCKER_URL is none"):
        reader(None).read()


def test_a_proxy_in_the_environment_is_not_used(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert reader(engine.url).read()
