"""Our lint of docker-compose.yml: hardened, bounded, on loopback, without secrets, and readable as a table."""

import re
from itertools import combinations, pairwise

import pytest

from tests.repo import compose

SERVICES = compose.services()
LASTING = sorted(set(SERVICES) - compose.one_shots())
FLASK = compose.published()
LISTENING = compose.listening()
CLIENTS = {"postgres": {"executor-1", "executor-2", "executor-canary", "migrate"}, "docker-proxy": {"canary"}}
SWITCH = "SPARK_READ_TOKEN"
WITH_A_WAY_OUT: dict[str, set[str]] = {
    "edge": {"gateway"},
    **{name: set() for name in ("market-live", "pages-on", "pages-heartbeat", "pages-timestamp")},
}

every_service = pytest.mark.parametrize("name", sorted(SERVICES))
every_lasting_service = pytest.mark.parametrize("name", LASTING)


def test_only_secrets_and_tables_are_made_by_containers_that_end() -> None:
    assert compose.one_shots() == {"init", "migrate"}


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
    assert block["security_opt"][0] == "no-new-privileges:true"
    assert block["security_opt"][1:] == (["label=disable"] if name == "docker-proxy" else [])
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


def test_the_gateway_alone_publishes_ports() -> None:
    assert {name for name, block in SERVICES.items() if block.get("ports")} == {"gateway"}


def test_each_door_is_published_on_the_address_and_port_that_the_user_sets() -> None:
    ports, doors = SERVICES["gateway"]["ports"], compose.doors()
    assert set(doors) <= set(SERVICES), "a port's setting is named after the service behind it"
    assert {port["host_ip"] for port in ports} == {"${SPARK_BIND:-127.0.0.1}"}
    published = [f"${{{compose.port_setting(name)}:-{port}}}" for name, port in doors.items()]
    assert [port["published"] for port in ports] == published
    assert [port["target"] for port in ports] == list(doors.values())


def test_no_network_but_the_edge_and_the_live_market_leads_anywhere() -> None:
    for name, network in compose.networks().items():
        if name not in WITH_A_WAY_OUT:
            assert network == {
                "internal": True,
                "driver_opts": {"com.docker.network.bridge.inhibit_ipv4": "true"},
            }, name
            continue
        members = {service for service, block in SERVICES.items() if name in block.get("networks", [])}
        assert members == WITH_A_WAY_OUT[name]
    assert compose.networks()["edge"] == {"driver_opts": {"com.docker.network.bridge.enable_ip_masquerade": "false"}}


def test_marketdata_joins_the_market_that_is_chosen_and_nobody_else_chooses() -> None:
    chosen = {name for name, block in SERVICES.items() if "${SPARK_MARKET" in str(block.get("networks"))}
    assert chosen == {"marketdata"}
    assert SERVICES["marketdata"]["networks"] == ["trading", "market-${SPARK_MARKET:-simulated}"]


def test_alertmanager_has_a_way_out_with_a_receiver_that_is_on_and_nobody_else_has() -> None:
    chosen = {name for name, block in SERVICES.items() if "${SPARK_RECEIVERS" in str(block.get("networks"))}
    assert chosen == {"alertmanager"}
    assert SERVICES["alertmanager"]["networks"] == ["alerting", "dashboards", "pages${SPARK_RECEIVERS:+-on}"]


def test_the_console_has_a_way_out_with_the_outside_heartbeat_and_nobody_else_has() -> None:
    chosen = {name for name, block in SERVICES.items() if "${SPARK_HEARTBEAT" in str(block.get("networks"))}
    assert chosen == {"web"}
    assert SERVICES["web"]["networks"] == ["trading", "alerting", "pages${SPARK_HEARTBEAT:+-heartbeat}"]


def test_the_canary_has_a_way_out_with_a_timestamp_authority_and_nobody_else_has() -> None:
    chosen = {name for name, block in SERVICES.items() if "${SPARK_TIMESTAMP_URL" in str(block.get("networks"))}
    assert chosen == {"canary"}
    assert SERVICES["canary"]["networks"][-1] == "pages${SPARK_TIMESTAMP_URL:+-timestamp}"


def test_a_changed_receiver_makes_alertmanagers_container_anew() -> None:
    rendered_from = SERVICES["init"]["environment"]
    assert SERVICES["alertmanager"]["environment"] == {
        name: value for name, value in rendered_from.items() if name != "SPARK_SERVICE"
    }


def test_only_the_proxy_sees_the_engine_and_only_to_read() -> None:
    holders = {name: compose.binds(block) for name, block in SERVICES.items() if compose.binds(block)}
    assert set(holders) == {"canary", "docker-proxy"}
    (probes,) = holders["canary"]
    assert (probes["source"], probes["read_only"]) == ("./canary/config", True), "the user's probes, and nothing else"
    (socket,) = holders["docker-proxy"]
    assert socket["source"] == "${SPARK_DOCKER_SOCKET:-/var/run/docker.sock}"
    assert socket["target"] == "/var/run/docker.sock"
    assert socket["read_only"] is True
    assert socket["bind"] == {"create_host_path": False}, "a missing socket is told, and no folder is made in its place"


@every_service
def test_no_secret_is_in_the_environment(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    assert isinstance(environment, dict)
    for variable, value in environment.items():
        if re.search(r"PASSWORD|TOKEN|SECRET|KEY", variable) and variable != SWITCH:
            assert variable.endswith("_FILE"), variable
        assert not re.search(r"://[^/@\s]+:[^/@\s]+@", str(value)), f"{variable} has a password in its address"


def holders(volume: str, market: str = "simulated") -> set[str]:
    """The containers that a volume is mounted in, besides the one that makes secrets."""
    return {
        name
        for name, block in SERVICES.items()
        if any(mount.startswith(f"{volume}:") for mount in compose.mounts(block, SPARK_MARKET=market))
    } - {"init"}


def test_no_running_container_has_a_token_that_it_only_checks() -> None:
    assert holders("operator-secret") == holders("reader-secret") == set()
    assert holders("alerts-secret") == {"alertmanager"}, "it presents the token"
    assert holders("receivers-secret") == holders("alertmanager-config") == {"alertmanager"}
    assert holders("heartbeat-secret") == {"web"}, "it pings the address"
    assert holders("operator-verifier") == {"gateway", "executor-1", "executor-2", "marketdata", "web"}
    assert holders("reader-verifier") == holders("tls-secret") == {"gateway"}
    assert holders("tls-authority") == set()
    assert holders("alerts-verifier") == {"web"}
    assert holders("evidence-key") == {"canary"}, "it signs with the key, and replaces it when it is rotated"
    assert holders("peer-secret") == {"executor-1", "executor-2", "executor-canary"}
    assert holders("canary-trader") == {"canary"}, "it places orders of its own"
    assert holders("canary-trader-verifier") == {"executor-canary"}


def test_the_users_own_credentials_with_the_broker_reach_marketdata_alone_and_only_in_the_live_market() -> None:
    assert holders("algolab-live") == holders("algolab-secret", "live") == holders("algolab-secret") == set()
    assert holders("algolab-live", "live") == {"marketdata"}
    assert holders("algolab-simulated") == {"venue", "marketdata"}
    assert holders("algolab-simulated", "live") == {"venue"}


@every_service
def test_secrets_are_mounted_read_only(name: str) -> None:
    for mount in compose.mounts(SERVICES[name]):
        if mount.split(":")[1].startswith("/run/secrets"):
            assert mount.endswith(":ro"), mount


@every_service
def test_no_file_of_the_checkout_is_mounted(name: str) -> None:
    """Its mode, owner, line ends and label may be anything; what a container reads is built into its image.

    The file of probes is the exception: a user changes it while the stack runs. The image has a copy of it too.
    """
    assert [mount for mount in compose.mounts(SERVICES[name]) if not re.match(r"[a-z-]+:", mount)] == []
    allowed = {"canary": ["/probes"], "docker-proxy": ["/var/run/docker.sock"]}.get(name, [])
    assert [bind["target"] for bind in compose.binds(SERVICES[name])] == allowed


@every_service
def test_an_image_is_a_pinned_one_or_the_projects_own(name: str) -> None:
    block = SERVICES[name]
    pinned = compose.images().values()
    assert "container_name" not in block
    if "build" not in block:
        assert block["image"] in (*pinned, "${COMPOSE_PROJECT_NAME}-executor-1")
        return
    assert "image" not in block, "a name of its own would be one for all checkouts of this machine"
    assert block["pull_policy"] == "build"
    assert block["build"]["args"]["BASE_IMAGE"] in pinned


def test_every_pinned_image_has_a_version() -> None:
    for image in compose.images().values():
        _, _, tag = image.rpartition(":")
        assert tag
        assert "/" not in tag
        assert tag != "latest"


def test_two_checkouts_share_no_name() -> None:
    assert not re.search(r"^name:", compose.TEXT, re.MULTILINE)
    assert "container_name" not in compose.TEXT


@pytest.mark.parametrize(("name", "port"), LISTENING.items())
def test_a_service_is_asked_where_it_listens_whether_it_lives(name: str, port: int) -> None:
    assert SERVICES[name]["healthcheck"]["test"][-1] == str(port)
    if "build" in SERVICES[name]:
        dockerfile = compose.ROOT / SERVICES[name]["build"]["dockerfile"]
        assert re.search(rf"^EXPOSE (\d+ )*{port}\b", dockerfile.read_text(), re.MULTILINE)


@every_service
def test_files_of_a_config_image_are_readable_whatever_their_mode_in_the_checkout(name: str) -> None:
    build = SERVICES[name].get("build")
    if build is None:
        return
    folder = compose.ROOT / build["context"]
    lines = (folder / build.get("dockerfile", "Dockerfile")).read_text().splitlines()
    copies = [line for line in lines if line.startswith(("COPY", "ADD"))]
    assert copies
    if not any("chmod -R a+rX ." in line for line in lines):
        assert [line for line in copies if "--chmod=0555 " not in line] == []


@pytest.mark.parametrize(("name", "clients"), CLIENTS.items())
def test_what_must_not_be_reached_is_reached_by_its_clients_alone(name: str, clients: set[str]) -> None:
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
    """All but the window on the engine and the executor of the canary's orders: the canary tells when they are away."""
    scraped = dict(
        re.findall(r'targets: \["([a-z0-9-]+):(\d+)"\]', (compose.ROOT / "prometheus/prometheus.yml").read_text())
    )
    listening = {name: str(port) for name, port in LISTENING.items() if name not in ("docker-proxy", "executor-canary")}
    assert {name: scraped.get(name) for name in listening} == listening
