"""Every setting is documented, reaches the service that reads it, and has one default wherever it is written."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
import yaml

from tests.repo import settings_read
from tests.repo.settings_read import ROOT, SERVICES

COMPOSE = (ROOT / "docker-compose.yml").read_text()
EXAMPLE_LINE = re.compile(r"(?:# ?)?(?P<name>[A-Z][A-Z0-9_]*)=(?P<default>.*)")

EXAMPLES = {
    found["name"]: found["default"].strip()
    for line in (ROOT / ".env.example").read_text().splitlines()
    if (found := EXAMPLE_LINE.fullmatch(line))
}
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    name: block.get("environment", {}) for name, block in yaml.safe_load(COMPOSE)["services"].items()
}
SET_SOMEWHERE = {name for block in ENVIRONMENTS.values() for name in block}
SET_EVERYWHERE = set.intersection(*(set(block) for block in ENVIRONMENTS.values() if "PORT" in block))
INTERPOLATED = re.findall(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)(?::?-([^}]*))?\}", COMPOSE)


def _containers(service: str) -> dict[str, dict[str, Any]]:
    return {name: block for name, block in ENVIRONMENTS.items() if block.get("SPARK_SERVICE") == service}


def _same(one: str, other: str) -> bool:
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return one == other


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_of_a_service_is_documented(service: str) -> None:
    read = settings_read.of_service(service)
    assert read
    undocumented = set(read) - set(EXAMPLES) - SET_SOMEWHERE
    assert not undocumented, f"neither in .env.example nor in docker-compose.yml: {', '.join(sorted(undocumented))}"


def test_every_setting_of_the_server_is_documented() -> None:
    assert settings_read.of_the_server() <= set(EXAMPLES) | SET_SOMEWHERE


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_has_a_name_that_can_be_searched_for(service: str) -> None:
    assert settings_read.computed_names(service) == []


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_set_for_a_service_that_it_does_not_read(service: str) -> None:
    read = set(settings_read.of_service(service)) | settings_read.of_the_server() | SET_EVERYWHERE
    containers = _containers(service)
    assert containers, f"no container has SPARK_SERVICE: {service}"
    for name, block in containers.items():
        unread = {variable for variable in block if variable.startswith("SPARK_")} - read
        assert not unread, f"{name} does not read {', '.join(sorted(unread))}"


@pytest.mark.parametrize(("name", "default"), INTERPOLATED)
def test_compose_and_the_example_have_the_same_default(name: str, default: str) -> None:
    assert name in EXAMPLES, f"{name} is not in .env.example"
    assert EXAMPLES[name] == default


@pytest.mark.parametrize("service", SERVICES)
def test_the_code_and_the_example_have_the_same_default(service: str) -> None:
    for name, default in settings_read.of_service(service).items():
        if default is not None and EXAMPLES.get(name):
            assert _same(default, EXAMPLES[name]), f"{name}: {default} in the code, {EXAMPLES[name]} in .env.example"


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_is_of_a_setting_that_something_uses(name: str) -> None:
    users = [COMPOSE, (ROOT / "Makefile").read_text(), *(file.read_text() for file in (ROOT / "scripts").glob("*.sh"))]
    assert any(re.search(rf"\b{name}\b", text) for text in users)


def test_the_example_holds_no_secret() -> None:
    assert [name for name in EXAMPLES if re.search(r"PASSWORD|TOKEN|SECRET|KEY", name)] == ["SPARK_READ_TOKEN"]
    assert EXAMPLES["SPARK_READ_TOKEN"] == "", "it is a switch"
