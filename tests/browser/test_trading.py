"""Orders from the page are placed, denied, refused and cancelled."""

from __future__ import annotations

import re

import msgspec
from playwright.sync_api import Page, expect

from tests.browser.conftest import Own, Watched, opened
from tests.web.trading_world import TOKEN


def filled_in(page: Page, quantity: str = "0.01", token: str = TOKEN) -> None:
    page.locator("#symbol").select_option("BTCTURK:BTCTRY")
    page.locator("#quantity").fill(quantity)
    page.locator("#token").fill(token)


def limit(page: Page, price: str) -> None:
    page.get_by_text("Limit", exact=True).first.click()
    page.locator("#limit-price").fill(price)


def test_an_order_of_the_ticket_appears_in_the_orders_table(
    watched: Watched, console_url: str, operator_token: str
) -> None:
    page = opened(watched.page, console_url)
    filled_in(page, quantity="0.001", token=operator_token)
    order_id = page.locator("#client-order-id").inner_text()
    page.locator("#place").click()
    expect(page.locator("#ticket-outcome")).to_contain_text("filled: buy BTCTURK:BTCTRY, filled 0.001 of 0.001")
    row = page.locator(f"tr[data-client-order-id='{order_id}']")
    expect(row).to_contain_text("filled")
    assert page.locator("#client-order-id").inner_text() != order_id
    assert watched.troubles == []


def test_a_denied_order_shows_code_and_numbers(page: Page, desk: Own) -> None:
    opened(page, desk[0].url)
    filled_in(page, quantity="250")
    page.locator("#place").click()
    expect(page.locator("#ticket-outcome")).to_contain_text("MAX_NOTIONAL")
    expect(page.locator("#ticket-outcome")).to_contain_text("limit 1000000")
    expect(page.locator("#orders")).to_contain_text("1,031,250,750")


def test_a_wrong_token_is_told_and_nothing_is_placed(page: Page, desk: Own) -> None:
    opened(page, desk[0].url)
    filled_in(page, token="wrong")
    page.locator("#place").click()
    expect(page.locator("#ticket-outcome")).to_contain_text("401 UNAUTHORIZED")
    assert desk[1].executors[0].orders == []


def test_an_open_order_is_cancelled_by_its_button(page: Page, desk: Own) -> None:
    opened(page, desk[0].url)
    filled_in(page)
    limit(page, "4000000")
    page.locator("#place").click()
    page.locator("button[data-cancel]").click()
    expect(page.locator("#cancel-outcome")).to_contain_text("cancelled")
    expect(page.locator("#orders tbody tr")).to_contain_text("cancelled")
    expect(page.locator("button[data-cancel]")).to_have_count(0)


def test_an_orders_kind_is_chosen_and_shown(page: Page, desk: Own) -> None:
    opened(page, desk[0].url)
    filled_in(page)
    lasts, post_only = page.locator("#time-in-force"), page.locator("#post-only")
    expect(lasts).to_have_value("IOC")
    expect(post_only).to_be_disabled()
    limit(page, "4000000")
    expect(lasts).to_have_value("GTC")
    post_only.check()
    page.locator("#place").click()
    expect(page.locator("#orders tbody tr").first).to_contain_text("limit, post only")
    lasts.select_option("FOK")
    expect(post_only).to_be_disabled()
    expect(post_only).not_to_be_checked()
    page.locator("#place").click()
    expect(page.locator("#orders tbody tr").first).to_contain_text("limit, FOK")
    placed = desk[1].executors[0].orders
    assert [(order.time_in_force, order.post_only) for order in placed] == [("FOK", False), ("GTC", True)]


def test_all_open_orders_are_cancelled_by_two_presses_and_not_by_one(page: Page, desk: Own) -> None:
    opened(page, desk[0].url)
    filled_in(page)
    limit(page, "4000000")
    for count in (1, 2):
        page.locator("#place").click()
        expect(page.locator("button[data-cancel]")).to_have_count(count)
    every = page.locator("#cancel-all")
    every.click()
    expect(every).to_contain_text("Press again")
    assert {order.status for order in desk[1].executors[0].orders} == {"accepted"}
    every.click()
    expect(page.locator("#cancel-outcome")).to_contain_text("2 open orders cancelled")
    expect(page.locator("button[data-cancel]")).to_have_count(0)
    expect(every).to_have_text("Cancel all open orders")


def test_cancelling_without_the_token_asks_for_it(page: Page, desk: Own) -> None:
    opened(page, desk[0].url)
    filled_in(page)
    limit(page, "4000000")
    page.locator("#place").click()
    page.locator("button[data-cancel]").wait_for()
    page.locator("#token").fill("")
    page.locator("button[data-cancel]").click()
    expect(page.locator("#token")).to_be_focused()


def test_what_is_missing_is_named_before_anything_is_sent(page: Page, desk: Own) -> None:
    opened(page, desk[0].url)
    page.locator("#place").click()
    expect(page.locator("#ticket-outcome")).to_have_text(re.compile("The quantity is missing"))
    expect(page.locator("#quantity")).to_be_focused()


def test_an_order_without_an_answer_keeps_its_id_for_the_next_try(page: Page, own: Own) -> None:
    console, around = own
    opened(page, console.url)
    filled_in(page)
    order_id = page.locator("#client-order-id").inner_text()
    around.executors[0].stop()
    page.locator("#place").click()
    expect(page.locator("#ticket-outcome")).to_contain_text("The outcome is not known")
    assert page.locator("#client-order-id").inner_text() == order_id


def test_the_token_is_stored_nowhere(page: Page, desk: Own) -> None:
    opened(page, desk[0].url)
    filled_in(page)
    page.locator("#place").click()
    expect(page.locator("#ticket-outcome")).to_contain_text("filled")
    kept = page.evaluate(
        "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    assert TOKEN not in kept
    page.reload()
    assert page.locator("#token").input_value() == ""
    assert TOKEN not in desk[0].log.read_text()


def test_a_new_order_does_not_take_the_focus_from_a_cancel_button(page: Page, desk: Own) -> None:
    opened(page, desk[0].url)
    filled_in(page)
    limit(page, "4000000")
    page.locator("#place").click()
    button = page.locator("button[data-cancel]")
    button.focus()
    page.evaluate("() => { window.firstRow = document.querySelector('#orders tbody tr') }")
    orders = desk[1].executors[0].orders
    orders.insert(0, msgspec.structs.replace(orders[0], order_id="order-9", client_order_id="other", status="filled"))
    expect(page.locator("#orders tbody tr")).to_have_count(2)
    expect(button).to_be_focused()
    assert page.evaluate("() => window.firstRow.isConnected")
