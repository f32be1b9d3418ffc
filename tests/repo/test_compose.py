"""Our lint of docker-compose.yml: hardened, bounded, on loopback, without secrets, and readable as a table."""

import re
from itertools import combinations, pairwise

import pytest

from tests.repo import compose

SERVICES = compose.services()
LASTING = sorted(set(SERVICES) - compose.one_shots())
PUBLISHED = {name for name, block in SERVICES.items() if block.get("ports")}
FLASK = ("executor-1", "executor-2", "marketdata", "web", "canary")
CLIENTS = {"postgres": {"executor-1", "executor-2"}, "docker-proxy": {"canary"}}

every_service = pytest.mark.parametrize("name", sorted(SERVICES))
every_lasting_service = pytest.mark.parametrize("name", LASTING)


def test_every_container_of_the_architecture_is_there() -> None:
    wanted = {*FLASK, "venue", "postgres", "prometheus", "alertmanager", "grafana", "docker-proxy", "init"}
    assert set(SERVICES) == wanted
    assert compose.one_shots() == {"init"}


@every_lasting_service
def test_a_service_comes_back_by_itself_and_says_whether_it_is_well(name: str) -> None:
    block = SERVICES[name]
    assert block["restart"] == "unless-stopped"
    assert "deploy" not in block, "deploy.restart_policy would silently win over restart"
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(block["healthcheck"])
    assert "start_interval" not in block["healthcheck"], "engines before 25 refuse it"


@every_service
def test_a_service_is_hardened(name: str) -> None:
    block = SERVICES[name]
    assert block["read_only"] is True
    assert block["init"] is True
    assert block["cap_drop"] == ["ALL"]
    assert not block.get("cap_add")
    assert block["security_opt"] == ["no-new-privileges:true"]
    assert not block.get("privileged")
    assert re.fullmatch(r"\d+:\d+", block["user"]), "a number, so that no image can say who it is"


def test_only_those_that_must_are_root() -> None:
    assert {name for name, block in SERVICES.items() if block["user"].startswith("0:")} == {"init", "docker-proxy"}


@every_service
def test_a_service_is_bounded(name: str) -> None:
    block = SERVICES[name]
    assert block["mem_limit"] == block["memswap_limit"]
    assert 0 < block["pids_limit"] <= 300
    assert {"max-size", "max-file"} <= set(block["logging"]["options"])


@pytest.mark.parametrize("name", FLASK)
def test_a_flask_service_has_300_to_600_mb(name: str) -> None:
    assert 300 <= compose.memory_mib(SERVICES[name]["mem_limit"]) <= 600


@pytest.mark.parametrize(
    "name", [name for name in LASTING if "SPARK_RECYCLE_MIB" in SERVICES[name].get("environment", {})]
)
def test_a_service_recycles_itself_before_its_hard_limit(name: str) -> None:
    block = SERVICES[name]
    assert int(block["environment"]["SPARK_RECYCLE_MIB"]) <= 0.85 * compose.memory_mib(block["mem_limit"])


@every_service
def test_ports_are_published_on_the_address_and_port_that_the_user_sets(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"\$\{SPARK_BIND:-127\.0\.0\.1\}:\$\{SPARK_PORT_[A-Z0-9_]+:-\d+\}:\d+", port), port


def test_no_two_services_want_the_same_port() -> None:
    ports = [port.rsplit(":", 1)[0] for block in SERVICES.values() for port in block.get("ports", [])]
    assert len(ports) == len(set(ports))


def test_only_the_proxy_sees_the_engine_and_only_to_read() -> None:
    holders = {
        name: mount for name, block in SERVICES.items() for mount in compose.mounts(block) if "docker.sock" in mount
    }
    assert holders == {"docker-proxy": "/var/run/docker.sock:/var/run/docker.sock:ro"}


@every_service
def test_no_secret_is_in_the_environment(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    assert isinstance(environment, dict)
    for variable, value in environment.items():
        if re.search(r"PASSWORD|TOKEN|SECRET|KEY", variable):
            assert variable.endswith("_FILE"), variable
        assert not re.search(r"://[^/@\s]+:[^/@\s]+@", str(value)), f"{variable} has a password in its address"


@every_service
def test_secrets_and_files_of_the_repository_are_mounted_read_only(name: str) -> None:
    for mount in compose.mounts(SERVICES[name]):
        source, target = mount.split(":")[:2]
        if source.startswith(".") or target.startswith("/run/secrets"):
            assert mount.endswith(":ro"), mount
        if source.startswith("."):
            path = compose.ROOT / source
            assert path.is_dir(), f"{source}: a replaced file is not seen by a running container, a folder's is"


@every_service
def test_an_image_has_a_version_and_a_container_no_fixed_name(name: str) -> None:
    block = SERVICES[name]
    _, _, tag = block["image"].rpartition(":")
    assert tag
    assert "/" not in tag
    assert tag != "latest"
    assert "container_name" not in block


@pytest.mark.parametrize(("name", "clients"), CLIENTS.items())
def test_what_must_not_be_reached_is_reached_by_its_clients_alone(name: str, clients: set[str]) -> None:
    assert name not in PUBLISHED
    for network in SERVICES[name]["networks"]:
        members = {other for other, block in SERVICES.items() if network in block.get("networks", [])}
        assert members <= clients | {name}
        assert compose.networks()[network].get("internal") is True


@every_service
def test_a_block_has_a_sentence_above_it(name: str) -> None:
    above = compose.TEXT.splitlines()[compose.line_of(name) - 1].strip()
    assert above.startswith("# ")
    assert above.endswith(".")


def test_blocks_have_one_key_order() -> None:
    written = {name: [key for key in keys if key != "<<"] for name, keys in compose.keys_as_written().items()}
    before = {pair for keys in written.values() for pair in combinations(keys, 2)}
    assert {(one, other) for one, other in before if (other, one) in before} == set()


@every_service
def test_a_block_begins_with_its_image(name: str) -> None:
    for one, other in pairwise(compose.keys_as_written()[name]):
        assert other != "image" or one == "<<", f"{one} stands before the image"


def test_every_service_waits_only_for_conditions_that_can_come_true() -> None:
    for name, block in SERVICES.items():
        for other, how in block.get("depends_on", {}).items():
            assert other in SERVICES, f"{name} waits for {other}"
            assert how["condition"] in ("service_completed_successfully", "service_started", "service_healthy")


def test_prometheus_scrapes_the_ports_that_the_services_listen_on() -> None:
    scraped = dict(
        re.findall(r'targets: \["([a-z0-9-]+):(\d+)"\]', (compose.ROOT / "prometheus/prometheus.yml").read_text())
    )
    listening = {
        name: block["environment"]["PORT"] for name, block in SERVICES.items() if "PORT" in block.get("environment", {})
    }
    assert {name: scraped.get(name) for name in listening} == listening
