"""Every spelling of SPARK_BIND becomes an address that engine and services read alike, or is refused."""

from __future__ import annotations

import ipaddress

import pytest

from tests.scripts.checkout import Checkout, quiet_ports

pytestmark = pytest.mark.slow

NORMAL = {
    "": "127.0.0.1",
    "localhost": "127.0.0.1",
    "LocalHost": "127.0.0.1",
    " 10.1.2.3 ": "10.1.2.3",
    "0.0.0.0": "0.0.0.0",
    "::1": "::1",
    "[::1]": "::1",
    "0:0:0:0:0:0:0:1": "0:0:0:0:0:0:0:1",
    "::": "::",
    "::ffff:127.0.0.1": "127.0.0.1",
    "FD00::2": "fd00::2",
    "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7::",
}
WRONG = (
    "myhost",
    "256.1.1.1",
    "127.1",
    "127.0.0.01",
    "1:2",
    "1:::2",
    "::1::2",
    "12345::1",
    "fe80::1%eth0",
    "*",
    "[]:1",
)


@pytest.mark.parametrize(("written", "read"), NORMAL.items())
def test_a_spelling_becomes_an_address(checkout: Checkout, written: str, read: str) -> None:
    said = checkout.bash('normal_address "$SPELLED"', SPELLED=written).stdout.strip()
    assert said == read
    assert ipaddress.ip_address(said)


@pytest.mark.parametrize("written", WRONG)
def test_what_is_no_address_is_refused_in_one_sentence(checkout: Checkout, written: str) -> None:
    done = checkout.bash("check_host", SPARK_BIND=written)
    assert done.returncode == 1
    assert f"error: SPARK_BIND={written}: must be an IP address of this machine" in done.stderr


@pytest.mark.parametrize("written", ["203.0.113.7", "2001:db8::7"])
def test_an_address_of_another_machine_is_refused(checkout: Checkout, written: str) -> None:
    done = checkout.bash("check_host", SPARK_BIND=written)
    assert f"error: SPARK_BIND={written}: this machine has no such address" in done.stderr


@pytest.mark.parametrize(
    ("published", "opened"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("[::]", "[::1]"),
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("10.0.0.9", "10.0.0.9"),
    ],
)
def test_a_printed_address_can_be_opened(checkout: Checkout, published: str, opened: str) -> None:
    assert checkout.bash(f'reachable "{published}"').stdout.strip() == opened


def test_services_and_links_get_the_normal_form(checkout: Checkout) -> None:
    said = checkout.bash("use_stack; env | grep -E '^SPARK_(BIND|LINK_HOST)='", SPARK_BIND="[::1]").stdout
    assert sorted(said.split()) == ["SPARK_BIND=::1", "SPARK_LINK_HOST=[::1]"]


def test_a_wrong_address_does_not_keep_anyone_from_stopping_the_stack(checkout: Checkout) -> None:
    done = checkout.bash('use_stack; echo "$SPARK_BIND"', SPARK_BIND="nonsense")
    assert (done.returncode, done.stdout) == (0, "127.0.0.1\n")


OPEN = {"SPARK_TLS": "on", "SPARK_READ_TOKEN": "on"}


@pytest.mark.parametrize("missing", OPEN)
@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_beyond_this_machine_tls_and_a_token_for_reading_are_asked_for(
    checkout: Checkout, address: str, missing: str
) -> None:
    rest = {name: value for name, value in OPEN.items() if name != missing}
    done = checkout.bash("check_host", SPARK_BIND=address, **rest, **quiet_ports())
    assert done.returncode == 1
    assert f"error: SPARK_BIND={address} opens the stack beyond this machine: set {missing}=on" in done.stderr
    assert checkout.bash("check_host", SPARK_BIND=address, **OPEN, **quiet_ports()).returncode == 0


@pytest.mark.parametrize("setting", OPEN)
def test_a_switch_is_on_or_empty(checkout: Checkout, setting: str) -> None:
    done = checkout.bash("check_host", **{setting: "off"}, **quiet_ports())
    assert f"error: {setting}=off: must be on, or empty" in done.stderr
