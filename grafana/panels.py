"""The parts of a dashboard, and their JSON for Grafana. The same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SELECTED = 'job=~"$job", instance=~"$instance"'

Json = dict[str, Any]
Kind = Literal["stat", "timeseries", "state-timeline", "bargauge"]
Steps = Sequence[tuple[float | None, str]]
"""Pairs of a value and the colour from there upwards. The first value is None, which stands for minus infinity."""

PLAIN: Steps = ((None, "green"),)
GOOD_WHEN_SET: Steps = ((None, "red"), (1.0, "green"))
BAD_WHEN_SET: Steps = ((None, "green"), (1.0, "red"))
NOW: tuple[Kind, ...] = ("stat", "bargauge")
"""The kinds that show only the latest value."""


@dataclass(frozen=True)
class DashboardPanel:
    """One panel.

    title: the panel's headline.
    description: a sentence for the reader.
    queries: PromQL by legend; `SELECTED` in it stands for the targets that the reader has chosen.
    unit: one of Grafana's unit ids, such as `s`, `bytes`, `reqps` or `none`.
    kind: Grafana's panel type.
    width: columns of the grid, 1 to 24.
    height: rows of the grid; None for the usual height of the kind.
    colours: thresholds; a time series draws them as lines, the other kinds are coloured by them.
    words: texts to show instead of numbers; None for none.
    names: colours of a stat by its legend; None where `colours` decide.
    when_empty: the text to show without data.
    from_zero: true when the scale of a time series begins at zero.
    """

    title: str
    description: str
    queries: dict[str, str]
    unit: str = "none"
    kind: Kind = "timeseries"
    width: int = 8
    height: int | None = None
    colours: Steps = PLAIN
    words: dict[str, str] | None = None
    names: dict[str, str] | None = None
    when_empty: str = "no data"
    from_zero: bool = True

    @property
    def rows(self) -> int:
        """The rows of the grid that the panel takes."""
        return self.height or (4 if self.kind in ("stat", "state-timeline") else 7)

    def to_json(self, number: int, x: int, y: int) -> Json:
        """Returns the panel's JSON, at the given place of the grid."""
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": DATASOURCE,
            "gridPos": {"h": self.rows, "w": self.width, "x": x, "y": y},
            "fieldConfig": {"defaults": self._defaults(), "overrides": self._overrides()},
            "options": self._options(),
            "targets": [
                {
                    "refId": chr(ord("A") + index),
                    "datasource": DATASOURCE,
                    "expr": query,
                    "legendFormat": legend,
                    "instant": self.kind in NOW,
                    "range": self.kind not in NOW,
                }
                for index, (legend, query) in enumerate(self.queries.items())
            ],
        }

    def _defaults(self) -> Json:
        steps = [{"color": colour, "value": value} for value, colour in self.colours]
        defaults: Json = {
            "unit": self.unit,
            "noValue": self.when_empty,
            "thresholds": {"mode": "absolute", "steps": steps},
            "mappings": [],
        }
        if self.words:
            options = {value: {"index": index, "text": text} for index, (value, text) in enumerate(self.words.items())}
            defaults["mappings"] = [{"type": "value", "options": options}]
        match self.kind:
            case "timeseries":
                drawn = "dashed" if len(self.colours) > 1 else "off"
                defaults |= {"min": 0} if self.from_zero else {}
                defaults["custom"] = _LINE | {"thresholdsStyle": {"mode": drawn}}
            case "state-timeline":
                defaults |= {"color": {"mode": "thresholds"}, "custom": {"fillOpacity": 80, "lineWidth": 0}}
            case "bargauge":
                defaults |= {"color": {"mode": "thresholds"}, "min": 0, "max": 1}
            case "stat":
                pass
        return defaults

    def _options(self) -> Json:
        if self.kind == "stat":
            return _STAT_OPTIONS | {"textMode": "name" if self.names else "value_and_name"}
        return _OPTIONS[self.kind]

    def _overrides(self) -> list[Json]:
        return [
            {
                "matcher": {"id": "byName", "options": name},
                "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
            }
            for name, colour in (self.names or {}).items()
        ]


@dataclass(frozen=True)
class DashboardRow:
    """A headline with the panels below it.

    title: the headline.
    panels: they fill the grid from left to right.
    """

    title: str
    panels: tuple[DashboardPanel, ...]


_LINE: Json = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": False}
_TIMESERIES_OPTIONS: Json = {
    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
    "tooltip": {"mode": "multi", "sort": "desc"},
}
_LATEST: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_STAT_OPTIONS: Json = {
    "colorMode": "background",
    "graphMode": "none",
    "justifyMode": "auto",
    "orientation": "auto",
    "reduceOptions": _LATEST,
}
_OPTIONS: dict[Kind, Json] = {
    "timeseries": _TIMESERIES_OPTIONS,
    "state-timeline": {
        "alignValue": "left",
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "bargauge": {
        "displayMode": "basic",
        "orientation": "horizontal",
        "showUnfilled": True,
        "valueMode": "color",
        "reduceOptions": _LATEST,
    },
}


def dashboard(uid: str, title: str, description: str, rows: Sequence[DashboardRow]) -> Json:
    """Returns the JSON of a whole dashboard. Links use `uid`, so it must never change."""
    return {
        "id": None,
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["spark"],
        "editable": False,
        "graphTooltip": 1,
        "refresh": "5s",
        "schemaVersion": 41,
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "templating": {"list": _variables()},
        "panels": _placed(rows),
    }


def _placed(rows: Sequence[DashboardRow]) -> list[Json]:
    placed: list[Json] = []
    y = 0
    for row in rows:
        place = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
        number = len(placed) + 1
        placed.append(
            {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
        )
        x, y, tallest = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            placed.append(panel.to_json(len(placed) + 1, x, y))
            x, tallest = x + panel.width, max(tallest, panel.rows)
        y += tallest
    return placed


def _variables() -> list[Json]:
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "current": {},
    }
    return [
        source,
        _label_variable("job", "Job", "label_values(up, job)"),
        _label_variable("instance", "Instance", 'label_values(up{job=~"$job"}, instance)'),
    ]


def _label_variable(name: str, label: str, query: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "includeAll": True,
        "allValue": ".+",
        "multi": True,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }
