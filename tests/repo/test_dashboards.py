"""The dashboards are what the builder writes, and hold the rules of Grafana's dashboard linter."""

from typing import Any

import pytest

from grafana import build
from tests.repo import promql
from tests.yaml_file import parsed

BOARDS = promql.dashboards()
PANELS = {f"{file}: {panel['title']}": panel for file, board in BOARDS.items() for panel in promql.panels(board)}
TARGETS = {
    f"{where}, {target['refId']}": target["expr"] for where, panel in PANELS.items() for target in panel["targets"]
}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}

every_board = pytest.mark.parametrize("file", sorted(BOARDS))
every_panel = pytest.mark.parametrize("where", sorted(PANELS))
every_target = pytest.mark.parametrize("where", sorted(TARGETS))


def test_the_committed_dashboards_are_what_the_builder_writes() -> None:
    committed = {file.name: file.read_text(encoding="utf-8") for file in build.FOLDER.glob("*")}
    assert committed == build.dashboards(), "run: python -m grafana.build"


def test_the_builder_writes_the_same_bytes_each_time() -> None:
    assert build.dashboards() == build.dashboards()


@every_board
def test_a_dashboard_can_be_provisioned_and_not_edited(file: str) -> None:
    board = BOARDS[file]
    assert board["id"] is None
    assert board["editable"] is False
    assert file == f"{board['uid']}.json"


def test_dashboard_addresses_are_unique() -> None:
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)


@every_board
def test_a_dashboard_has_its_variables(file: str) -> None:
    variables: dict[str, Any] = {one["name"]: one for one in BOARDS[file]["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    for name in ("job", "instance"):
        variable = variables[name]
        assert variable["type"] == "query"
        assert variable["datasource"] == SOURCE
        assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".+")
        assert variable["refresh"] == 2, "values are asked for again when the time range changes"


@every_board
def test_panels_have_their_own_number_and_place(file: str) -> None:
    taken: set[tuple[int, int]] = set()
    numbers = [panel["id"] for panel in BOARDS[file]["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in BOARDS[file]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


@every_panel
def test_a_panel_says_what_it_shows_and_in_which_unit(where: str) -> None:
    panel = PANELS[where]
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]


@every_panel
def test_a_panel_asks_the_chosen_data_source(where: str) -> None:
    panel = PANELS[where]
    assert panel["datasource"] == SOURCE
    assert all(target["datasource"] == SOURCE for target in panel["targets"])


@every_target
def test_a_query_parses_and_obeys_the_chosen_job_and_instance(where: str) -> None:
    selectors = promql.selectors(TARGETS[where].replace("$__rate_interval", "1m"))
    assert selectors
    for selector in selectors:
        assert {(name, value) for name, _, value in selector.matchers} >= {("job", "$job"), ("instance", "$instance")}


@every_target
def test_a_counter_is_only_shown_as_a_rate_over_the_panels_own_interval(where: str) -> None:
    expression = TARGETS[where]
    for selector in promql.selectors(expression.replace("$__rate_interval", "1m")):
        counts = selector.metric.endswith(("_total", "_bucket", "_count", "_sum"))
        assert counts == (selector.function in ("rate", "irate", "increase")), selector.metric
    assert expression.count("[") == expression.count("[$__rate_interval]")


def test_the_data_source_has_its_fixed_address_and_the_scrapes_interval() -> None:
    provisioned = parsed(promql.ROOT / "grafana/provisioning/datasources/prometheus.yml")
    source = next(one for one in provisioned["datasources"] if one["type"] == "prometheus")
    scrapes = parsed(promql.ROOT / "prometheus/prometheus.yml")["global"]["scrape_interval"]
    assert (source["uid"], source["isDefault"], source["editable"]) == ("spark-prometheus", True, False)
    assert source["jsonData"]["timeInterval"] == scrapes


def test_dashboards_are_provisioned_from_where_the_image_has_them() -> None:
    provider = parsed(promql.ROOT / "grafana/provisioning/dashboards/spark.yml")["providers"][0]
    assert provider["allowUiUpdates"] is False
    dockerfile = (promql.ROOT / "grafana/Dockerfile").read_text()
    assert f" dashboards {provider['options']['path']}\n" in dockerfile


def test_every_dashboard_that_an_alert_links_to_exists() -> None:
    links = {rule["annotations"]["dashboard_url"] for rule in promql.rules() if "alert" in rule}
    assert links <= {f"/d/{board['uid']}" for board in BOARDS.values()}
