"""A page of metrics is read quickly, and never otherwise than the library reads it."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.parser import text_fd_to_metric_families

from canary.probes.metric_text import plain_samples
from tests.canary.servers import METRICS

PARTS = st.sampled_from(
    [
        "up",
        "a_total",
        'x{a="1"}',
        'x{a="1",b="2"}',
        'x{a="1",a="2"}',
        'x{__name__="y"}',
        'x{a="}\\"{,= # "}',
        'x{a="\\\\"}',
        "x{}",
        'x{a="1",}',
        '# HELP x a "quoted" text',
        "# HELP x",
        "# TYPE x counter",
        "# TYPE x histogram",
        "# TYPE y nonsense",
        "# a comment",
        "#",
        "",
        " ",
        " 1",
        " 1.5e-7",
        " NaN",
        " +Inf",
        " 1_0",
        " 1 1700000000000",
        "\n",
        "\r",
        "\u2028",
        "\x85",
    ]
)


Told = list[tuple[str, str, bool]]
"""Name, value and whether it is of a counter, of each sample; sorted, for a family may come twice."""


def by_the_library(text: str) -> Told | None:
    """The samples as the library reads them; None where it refuses the text."""
    try:
        return sorted(
            (
                sample.name,
                repr(sample.value),
                family.type in ("counter", "histogram") and not sample.name.endswith("_created"),
            )
            for family in text_fd_to_metric_families(StringIO(text))
            for sample in family.samples
        )
    except Exception:
        return None


def plainly(text: str) -> Told | None:
    samples = plain_samples(text)
    if samples is None:
        return None
    return sorted((one.series.partition("{")[0], repr(one.value), one.of_counter) for one in samples)


@given(st.lists(PARTS, max_size=14).map("".join))
@example(METRICS.decode())
@example('x{a="1"} 1\nx{a="1",a="2"} 1\n')
def test_any_text_is_read_as_the_library_does_or_left_to_it(text: str) -> None:
    found = plainly(text)
    if found is not None:
        assert found == by_the_library(text)


@pytest.mark.parametrize("line", ["up 1", "up 1\nup 1", 'up{a="1",a="1"} 1\n', "up one\n", "# TYPE up nothing\nup 1\n"])
def test_a_page_that_is_not_in_the_plain_form_is_left_to_the_library(line: str) -> None:
    assert plain_samples(line) is None


def test_the_pages_of_our_own_services_are_in_the_plain_form() -> None:
    found = plain_samples(METRICS.decode())
    assert found is not None
    assert [one.series for one in found if one.of_counter] == ["orders_total"]
