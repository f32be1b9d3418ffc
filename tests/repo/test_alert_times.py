"""The times by which the inbox judges fit those that Prometheus and Alertmanager are started with."""

from __future__ import annotations

import re

from tests.repo import compose, promql
from web.alerts.judge import COMPLETE_SECONDS, SILENT_SECONDS

FORGOTTEN_AFTER = 4
"""Prometheus has an alert end after so many resend delays without another word."""


def _flag(service: str, name: str) -> float:
    (text,) = re.findall(rf"--{re.escape(name)}=(\d+)s", " ".join(compose.services()[service]["command"]))
    return float(text)


def _evaluation_seconds() -> float:
    text = (promql.ROOT / "prometheus" / "prometheus.yml").read_text()
    (found,) = re.findall(r"evaluation_interval: (\d+)s", text)
    return float(found)


def test_every_alert_has_been_told_of_before_an_absence_counts() -> None:
    assert _flag("prometheus", "rules.alert.resend-delay") + 2 * _evaluation_seconds() <= COMPLETE_SECONDS


def test_silence_is_seen_before_the_first_alert_is_forgotten() -> None:
    resend = _flag("prometheus", "rules.alert.resend-delay")
    between = resend + _evaluation_seconds()
    assert between < SILENT_SECONDS < FORGOTTEN_AFTER * resend - between


def test_a_restart_of_prometheus_lets_no_alert_lapse() -> None:
    resend, grace = _flag("prometheus", "rules.alert.resend-delay"), _flag("prometheus", "rules.alert.for-grace-period")
    told_before_the_stop = resend + _evaluation_seconds()
    fires_again = grace + 2 * _evaluation_seconds()
    for_the_start = 30
    assert told_before_the_stop + for_the_start + fires_again < FORGOTTEN_AFTER * resend
