"""The dashboard "Spark overview": the state of the stack first, then what each part does."""

from __future__ import annotations

from grafana.panels import BAD_WHEN_SET, GOOD_WHEN_SET, DashboardPanel, DashboardRow, Json, dashboard
from grafana.panels import SELECTED as S
from grafana.queries import RATE, quantile, summed
from grafana.trading import FLOW

STATE = DashboardRow(
    "State of the stack",
    (
        DashboardPanel(
            "Services",
            "Up when Prometheus reached the target at its last scrape.",
            {"{{service}} {{replica}}": f"up{{{S}}}"},
            kind="stat",
            width=24,
            colours=GOOD_WHEN_SET,
            words={"0": "down", "1": "up"},
        ),
        DashboardPanel(
            "Canary verdict",
            "The canary's verdict over everything that it probes.",
            {"{{verdict}}": f"canary_verdict{{{S}}} == 1"},
            kind="stat",
            width=4,
            names={"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "orange"},
        ),
        DashboardPanel(
            "Since the last PASS",
            "Time since the canary's last verdict PASS.",
            {"last PASS": f"time() - (canary_last_pass_timestamp_seconds{{{S}}} > 0)"},
            unit="s",
            kind="stat",
            width=5,
            colours=((None, "green"), (60.0, "orange"), (300.0, "red")),
            when_empty="never",
        ),
        DashboardPanel(
            "Oldest quote",
            "Age of the oldest quote; orders in a stale symbol are denied.",
            {"oldest": f"max(marketdata_quote_age_seconds{{{S}}})"},
            unit="s",
            kind="stat",
            width=5,
            colours=((None, "green"), (5.0, "orange"), (20.0, "red")),
        ),
        DashboardPanel(
            "Ledger",
            "Reachable when every executor reaches the ledger's database.",
            {"ledger": f"min(executor_ledger_up{{{S}}})"},
            kind="stat",
            width=5,
            colours=GOOD_WHEN_SET,
            words={"0": "unreachable", "1": "reachable"},
        ),
        DashboardPanel(
            "Kill switch",
            "Engaged when an operator has stopped trading.",
            {"kill switch": f"max(executor_kill_switch{{{S}}})"},
            kind="stat",
            width=5,
            colours=BAD_WHEN_SET,
            words={"0": "released", "1": "ENGAGED"},
        ),
    ),
)

REQUESTS = DashboardRow(
    "Requests",
    (
        DashboardPanel(
            "Requests",
            "Requests a second, by service. Health checks and scrapes are not counted.",
            {"{{service}}": summed("flask_http_request_total", "service")},
            unit="reqps",
        ),
        DashboardPanel(
            "p95 latency",
            "95 % of the requests took at most this long. The line is the alert's limit of 1 s.",
            {"{{service}}": quantile(0.95, "flask_http_request_duration_seconds", "service")},
            unit="s",
            colours=((None, "green"), (1.0, "red")),
        ),
        DashboardPanel(
            "Errors",
            "Answers with a 5xx status a second, by service. The line is the alert's limit of 0.01.",
            {"{{service}}": f'sum by (service) (rate(flask_http_request_total{{{S}, status=~"5.."}}[{RATE}]))'},
            unit="reqps",
            colours=((None, "green"), (0.01, "red")),
        ),
    ),
)

MARKET = DashboardRow(
    "Market data",
    (
        DashboardPanel(
            "Quote age",
            "Time since the feed last proved each quote. The line is the alert's limit of 20 s.",
            {"{{symbol}}": f"max by (symbol) (marketdata_quote_age_seconds{{{S}}})"},
            unit="s",
            colours=((None, "green"), (20.0, "red")),
        ),
        DashboardPanel(
            "Frames",
            "Frames a second from the venue, by type.",
            {"{{venue}} {{type}}": summed("marketdata_frames_total", "venue, type")},
            unit="cps",
        ),
        DashboardPanel(
            "Stale books",
            "1 while a symbol's book must not be traded on.",
            {"{{symbol}}": f"max by (symbol) (marketdata_book_stale{{{S}}})"},
        ),
    ),
)

FEEDS = DashboardRow(
    "Feeds",
    (
        DashboardPanel(
            "Feed state",
            "1 for the state that each venue's feed is in. Only live is normal.",
            {"{{venue}} {{state}}": f"max by (venue, state) (marketdata_feed_state{{{S}}}) == 1"},
        ),
        DashboardPanel(
            "Resyncs",
            "Order books that were asked for anew a second, by venue.",
            {"{{venue}}": summed("marketdata_resyncs_total", "venue")},
            unit="cps",
        ),
        DashboardPanel(
            "Calls to venues",
            "REST calls a second, by venue and outcome.",
            {"{{venue}} {{outcome}}": summed("marketdata_rest_requests_total", "venue, outcome")},
            unit="reqps",
        ),
    ),
)

TRADING = DashboardRow(
    "Trading",
    (
        *FLOW,
        DashboardPanel(
            "Order duration, p95",
            "From the request to the durable answer, per executor.",
            {"{{instance}}": quantile(0.95, "executor_order_duration_seconds", "instance")},
            unit="s",
        ),
        DashboardPanel(
            "Ledger sequence",
            "Sequence of the account's latest event, from the executor that writes it. It never falls.",
            {"{{instance}}": f"executor_ledger_sequence{{{S}}}"},
        ),
        DashboardPanel(
            "Open orders",
            "Orders that can still be filled.",
            {"open": f"max(executor_open_orders{{{S}}})"},
        ),
    ),
)

CANARY = DashboardRow(
    "Canary, containers and loops",
    (
        DashboardPanel(
            "Restarts",
            "Restarts of each service's containers since the restart baseline. The line is the canary's budget of ten.",
            {"{{container}}": f"max by (container) (canary_container_restarts_since_baseline{{{S}}})"},
            colours=((None, "green"), (10.0, "red")),
        ),
        DashboardPanel(
            "Failed probes",
            "Checks with a condition that is not met, by target.",
            {"{{target}}": f"sum by (target) (canary_probe_success{{{S}}} == bool 0)"},
        ),
        DashboardPanel(
            "Uptime today",
            "Rounds of this day (UTC) in which a service's checks and containers were met, of those that saw it.",
            {"{{target}}": f"max by (target) (canary_uptime_ratio{{{S}}})"},
            unit="percentunit",
        ),
        DashboardPanel(
            "p95 of the canary's probes",
            "95 % of the canary's probes took at most this long. The line is the canary's limit of 1 s.",
            {"p95": f"canary_p95_seconds{{{S}}}"},
            unit="s",
            colours=((None, "green"), (1.0, "red")),
        ),
        DashboardPanel(
            "Certificate of the ports",
            "Time until the gateway's certificate ends; empty without TLS. The line is the alert's limit.",
            {"left": f"min(canary_certificate_remaining_seconds{{{S}}})"},
            unit="s",
            colours=((None, "red"), (21 * 86400.0, "green")),
            when_empty="no TLS",
        ),
        DashboardPanel(
            "Size of /metrics",
            "Size of each service's /metrics. Steady growth means a label without bounds.",
            {"{{target}}": f"canary_metrics_bytes{{{S}}}"},
            unit="bytes",
        ),
        DashboardPanel(
            "Memory",
            "Resident memory of each service's process.",
            {"{{instance}}": f"process_resident_memory_bytes{{{S}}}"},
            unit="bytes",
        ),
        DashboardPanel(
            "Late loops",
            "Time since each loop's step was due. The line is the alert's limit of 60 s.",
            {"{{instance}} {{loop}}": f"spark_loop_overdue_seconds{{{S}}}"},
            unit="s",
            colours=((None, "green"), (60.0, "red")),
        ),
        DashboardPanel(
            "Failures of loops",
            "Steps of loops that failed a second.",
            {"{{instance}} {{loop}}": f"rate(spark_loop_failures_total{{{S}}}[{RATE}])"},
            unit="cps",
        ),
        DashboardPanel(
            "Open streams",
            "Browsers that are connected to a live stream.",
            {"{{instance}}": f"web_streams_open{{{S}}}"},
        ),
    ),
)


def overview() -> Json:
    """Returns the dashboard."""
    return dashboard(
        "spark-overview",
        "Spark overview",
        "The whole stack on one page: its state, its answers, the market and the orders.",
        (STATE, REQUESTS, MARKET, FEEDS, TRADING, CANARY),
    )
