"""Lists of services, ports and addresses have all that docker-compose.yml has."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.repo import compose
from tests.repo.compose import ROOT
from tests.stack.reach import declared

DOORS, LISTENING, PACKAGES = compose.doors(), compose.listening(), compose.packages()
SECTION = re.compile(r"^(\w+ \S+) from (\w+)\n((?:    .*\n)*)", re.MULTILINE)
GATEWAY = {name: (kind, text) for name, kind, text in SECTION.findall((ROOT / "gateway/haproxy.cfg").read_text())}
REFUSAL = "use_backend refused-%[var(txn.refused)] if { var(txn.refused) -m found }"


def copied() -> set[str]:
    """The folders of the repository that images copy from, whose build sees all of it."""
    builds = [block["build"] for block in compose.services().values() if "build" in block]
    files = {build["dockerfile"] for build in builds if build["context"] == "."}
    lines = [line.split() for file in files for line in (ROOT / file).read_text().splitlines() if line[:5] == "COPY "]
    return {source.split("/")[0] for line in lines for source in line[1:-1] if not source.startswith("--")}


def test_the_folders_that_an_image_copies_and_no_others_enter_the_build() -> None:
    listed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert set(listed) == copied() > {"common", *PACKAGES}


def test_every_service_has_tests_of_its_own() -> None:
    assert [name for name in PACKAGES if not list((ROOT / "tests" / name).glob("test_*.py"))] == []


def test_coverage_is_measured_of_every_service() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]
    assert sorted(settings["source"]) == sorted(("common", *PACKAGES))


def test_the_gateway_has_a_door_for_every_published_port_and_no_other() -> None:
    assert {name for name, (kind, _) in GATEWAY.items() if kind == "door"} == {f"frontend {name}" for name in DOORS}


@pytest.mark.parametrize("name", DOORS)
def test_a_door_leads_to_its_service(name: str) -> None:
    door = GATEWAY[f"frontend {name}"][1].splitlines()
    assert f'    bind edge-address:{DOORS[name]} "${{DOOR_OPTIONS[*]}}"' in door
    assert f"    {REFUSAL}" in door
    assert door[-1] == f"    default_backend {name}"
    behind = [line for line in GATEWAY[f"backend {name}"][1].splitlines() if not line.lstrip().startswith("#")]
    assert [re.sub(r" maxconn \d+$", "", line) for line in behind] == [
        f"    server {name} {name}:{LISTENING.get(name, DOORS[name])}"
    ]


def test_the_gateway_sends_alertmanager_fewer_reads_at_once_than_it_answers() -> None:
    sent = re.search(r" maxconn (\d+)$", GATEWAY["backend alertmanager"][1], re.MULTILINE)
    command = compose.services()["alertmanager"]["command"]
    (answered,) = [each.partition("=")[2] for each in command if each.startswith("--web.get-concurrency=")]
    assert sent is not None
    assert int(sent[1]) < int(answered)


def test_who_asks_all_services_shares_a_network_with_each() -> None:
    reached = declared()
    assert set(DOORS) <= reached["gateway"]
    assert set(LISTENING) - {"canary"} <= reached["canary"]
    assert set(LISTENING) - {"docker-proxy"} <= reached["prometheus"]


@pytest.mark.parametrize("name", DOORS)
def test_every_published_port_is_in_the_table_of_addresses(name: str) -> None:
    assert re.search(rf"^\|.* http://127\.0\.0\.1:{DOORS[name]}/", (ROOT / "README.md").read_text(), re.MULTILINE)
