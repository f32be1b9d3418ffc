"""The dashboard "Spark trading": the account's trading state, its equity, its orders, and their speed."""

from __future__ import annotations

from grafana.ledger import LEDGER
from grafana.panels import BAD_WHEN_SET, GOOD_WHEN_SET, DashboardPanel, DashboardRow, Json, Steps, dashboard
from grafana.panels import SELECTED as S
from grafana.queries import RATE, quantile, shown, summed

NEAR_AND_FULL: Steps = ((None, "green"), (0.8, "orange"), (1.0, "red"))
LOSSES = 'code=~"DAILY_LOSS|DRAWDOWN"'


def fallen(anchor: str) -> str:
    """Returns the query of the equity's fall below an anchor, as a share of the anchor."""
    return f"clamp_min(1 - {shown('executor_equity', 'currency')} / {shown(anchor, 'currency')}, 0)"


STATE = DashboardRow(
    "Trading state",
    (
        DashboardPanel(
            "Trading state",
            "ACTIVE: every order may pass. REDUCING: only sales. HALTED: none. `GET /v1/trading-state` has the reason.",
            {
                "account": shown("executor_trading_state", where='state="REDUCING"')
                + " + 2 * "
                + shown("executor_trading_state", where='state="HALTED"')
            },
            kind="state-timeline",
            width=12,
            colours=((None, "green"), (1.0, "orange"), (2.0, "red")),
            words={"0": "ACTIVE", "1": "REDUCING", "2": "HALTED"},
        ),
        DashboardPanel(
            "Writing executor",
            "The executor that writes the account, matches resting orders and judges losses; the other one forwards to "
            "it. One without the ledger is left out.",
            {"{{instance}}": shown("executor_writer", "instance")},
            kind="state-timeline",
            width=12,
            colours=((None, "text"), (1.0, "green")),
            words={"0": "forwards", "1": "writes"},
        ),
        DashboardPanel(
            "Kill switches",
            "Engaged kill switches: for all accounts, for this one, and for symbols.",
            {"engaged": shown("executor_kill_switches")},
            kind="stat",
            width=6,
            colours=BAD_WHEN_SET,
        ),
        DashboardPanel(
            "Equity known",
            "Known when everything that the account holds has a fresh price. While it is unknown, nothing is bought.",
            {"equity": f"min(executor_equity_known{{{S}}} and on (instance) executor_ledger_up{{{S}}} == 1)"},
            kind="stat",
            width=6,
            colours=GOOD_WHEN_SET,
            words={"0": "UNKNOWN", "1": "known"},
        ),
        DashboardPanel(
            "Open orders",
            "Orders that can still be filled.",
            {"open": shown("executor_open_orders")},
            kind="stat",
            width=6,
        ),
        DashboardPanel(
            "Failed matching passes",
            "Passes a second that failed. While they fail, what is shown of the account gets old.",
            {"{{instance}}": f'rate(spark_loop_failures_total{{{S}, loop="matcher"}}[{RATE}])'},
            unit="cps",
            width=6,
            height=4,
        ),
    ),
)

EQUITY = DashboardRow(
    "Equity",
    (
        DashboardPanel(
            "Equity",
            "Cash and positions at their marks: now, when the day began in Istanbul, and at the peak.",
            {
                "equity, {{currency}}": shown("executor_equity", "currency"),
                "day start, {{currency}}": shown("executor_equity_day_start", "currency"),
                "peak, {{currency}}": shown("executor_equity_peak", "currency"),
            },
            unit="locale",
            width=12,
            height=8,
            from_zero=False,
        ),
        DashboardPanel(
            "Loss and drawdown",
            "The fall of the equity since the day began, and from its peak.",
            {"loss of the day": fallen("executor_equity_day_start"), "drawdown": fallen("executor_equity_peak")},
            unit="percentunit",
            width=6,
            height=8,
        ),
        DashboardPanel(
            "Limits on losses",
            "The part of each limit that losses use. The lines are the alert's 80 % and the limit itself.",
            {"{{code}}": shown("executor_limit_use_ratio", "code", LOSSES)},
            unit="percentunit",
            width=6,
            height=8,
            colours=NEAR_AND_FULL,
        ),
        DashboardPanel(
            "Exposure",
            "Value of the positions at their marks.",
            {"{{currency}}": shown("executor_exposure", "currency")},
            unit="locale",
            width=6,
        ),
        DashboardPanel(
            "Unrealised profit and loss",
            "Value of the positions less their cost, fees not included.",
            {"{{currency}}": shown("executor_unrealised_pnl", "currency")},
            unit="locale",
            width=6,
            from_zero=False,
        ),
        DashboardPanel(
            "Realised profit and loss",
            "Gain of all sales since the account began, fees not included.",
            {"{{currency}}": shown("executor_realised_pnl", "currency")},
            unit="locale",
            width=6,
            from_zero=False,
        ),
        DashboardPanel(
            "Fees",
            "Fees since the account was opened.",
            {"{{currency}}": shown("executor_fees_paid", "currency")},
            unit="locale",
            width=6,
        ),
    ),
)

FLOW = (
    DashboardPanel(
        "Orders by status",
        "Orders a second that reached each status, both executors together.",
        {"{{status}}": summed("executor_orders_total", "status")},
        unit="cps",
    ),
    DashboardPanel(
        "Denials by code",
        "Refusals by guardrails a second, by code. One order can have several.",
        {"{{code}}": summed("executor_denials_total", "code")},
        unit="cps",
    ),
    DashboardPanel(
        "Fills by side",
        "Paper fills a second, by side.",
        {"{{side}}": summed("executor_fills_total", "side")},
        unit="cps",
    ),
)
"""Panels of both dashboards: the flow of orders, denials and fills."""

ORDERS = DashboardRow(
    "Orders and guardrails",
    (
        *FLOW,
        DashboardPanel(
            "Use of limits",
            "The part of a limit that the latest accepted order or the losses use: the higher one of both executors.",
            {"{{code}}": shown("executor_limit_use_ratio", "code")},
            unit="percentunit",
            kind="bargauge",
            width=12,
            height=9,
            colours=NEAR_AND_FULL,
        ),
        DashboardPanel(
            "Near a limit",
            "Orders a second that passed and used 80 % of a limit or more, and losses that reached 80 %.",
            {"{{code}}": summed("executor_near_limits_total", "code")},
            unit="cps",
            width=12,
            height=9,
        ),
    ),
)

SPEED = DashboardRow(
    "Speed",
    (
        DashboardPanel(
            "Order duration",
            "Time from the request to the durable answer, both executors together.",
            {
                "p50": quantile(0.5, "executor_order_duration_seconds"),
                "p95": quantile(0.95, "executor_order_duration_seconds"),
                "p99": quantile(0.99, "executor_order_duration_seconds"),
            },
            unit="s",
        ),
        DashboardPanel(
            "Stages, median",
            "Half of the orders (or of the batches, where it is append) took at most this long in a stage.",
            {"{{stage}}": quantile(0.5, "executor_order_stage_seconds", "stage")},
            unit="s",
        ),
        DashboardPanel(
            "Stages, p95",
            "95 % of the orders (or of the batches, where it is append) took at most this long in a stage.",
            {"{{stage}}": quantile(0.95, "executor_order_stage_seconds", "stage")},
            unit="s",
        ),
        DashboardPanel(
            "Works per commit",
            "Orders, cancels and other works that shared a commit: the average, and the 95th percentile.",
            {
                "average": f"sum(rate(executor_commit_works_sum{{{S}}}[{RATE}]))"
                f" / sum(rate(executor_commit_works_count{{{S}}}[{RATE}]))",
                "p95": f"ceil({quantile(0.95, 'executor_commit_works')})",
            },
        ),
        DashboardPanel(
            "Commits",
            "Commits a second, by executor.",
            {"{{instance}}": summed("executor_commit_works_count", "instance")},
            unit="cps",
        ),
        DashboardPanel(
            "Ledger events",
            "Events a second that are recorded.",
            # An executor that lost the ledger exports this gauge too: its slope is none.
            {"events": f"max(deriv(executor_ledger_sequence{{{S}}}[{RATE}]))"},
            unit="cps",
        ),
    ),
)

STREAMS = DashboardRow(
    "Streams of orders",
    (
        DashboardPanel(
            "Open streams",
            "Clients that follow orders, by executor.",
            {"{{instance}}": f"executor_order_streams{{{S}}}"},
        ),
        DashboardPanel(
            "Lag",
            "Time from the record of an order's change to its sending, while a client listens. "
            "The line is the alert's limit of 1 s.",
            {
                "p50": quantile(0.5, "executor_stream_lag_seconds"),
                "p95": quantile(0.95, "executor_stream_lag_seconds"),
                "p99": quantile(0.99, "executor_stream_lag_seconds"),
            },
            unit="s",
            colours=BAD_WHEN_SET,
        ),
        DashboardPanel(
            "Refused and failed",
            "Streams a second that were refused because all slots were taken, and reads of changes that failed.",
            {
                "refused, {{instance}}": summed("executor_order_streams_refused_total", "instance"),
                "failed, {{instance}}": f'rate(spark_loop_failures_total{{{S}, loop="tail"}}[{RATE}])',
            },
            unit="cps",
        ),
    ),
)


def trading() -> Json:
    """Returns the dashboard."""
    return dashboard(
        "spark-trading",
        "Spark trading",
        "The account and its orders: trading state, equity, refusals, speed and the ledger.",
        (STATE, EQUITY, ORDERS, SPEED, LEDGER, STREAMS),
    )
