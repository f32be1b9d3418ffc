"""The proxy on the way to a host is found as the usual variables say, and its password is nowhere shown."""

from __future__ import annotations

import pytest

from common.settings import SettingsError
from marketdata.outbound import BadProxy, Proxies, Proxy, exemptions, proxy_at
from marketdata.settings import Settings

FIRST, SECOND = Proxy("one.example", 3128), Proxy("two.example", 8080)
BASE = {"SPARK_BIST_SYMBOLS": "none"}


@pytest.mark.parametrize(
    ("address", "proxy"),
    [
        ("http://proxy.example:3128", Proxy("proxy.example", 3128)),
        (" http://proxy.example:3128/ ", Proxy("proxy.example", 3128)),
        ("proxy.example:3128", Proxy("proxy.example", 3128)),
        ("HTTP://Proxy.Example", Proxy("proxy.example", 80)),
        ("http://[::1]:3128", Proxy("::1", 3128)),
        ("http://me:secret@proxy.example:3128", Proxy("proxy.example", 3128, "me", "secret")),
        ("me:secret@proxy.example:3128", Proxy("proxy.example", 3128, "me", "secret")),
        ("http://m%40e:s%3Ae%2Fc%25@proxy.example:3128", Proxy("proxy.example", 3128, "m@e", "s:e/c%")),
        ("http://token:@proxy.example:3128", Proxy("proxy.example", 3128, "token", "")),
        ("http://token@proxy.example:3128", Proxy("proxy.example", 3128, "token", "")),
        ("", None),
        ("   ", None),
    ],
)
def test_a_proxys_address_is_read_with_its_login(address: str, proxy: Proxy | None) -> None:
    assert proxy_at(address) == proxy


@pytest.mark.parametrize(
    "address",
    [
        "https://me:s3cret@proxy.example:3128",
        "socks5://me:s3cret@proxy.example:1080",
        "http://me:s3cret@",
        "http://me:s3cret@proxy.example:port",
        "http://me:s3cret@proxy.example:0",
        "http://me:s3cret@proxy.example:99999",
        "http://me:s3cret@proxy.example/path",
        "http://me:s3cret@proxy.example?query",
        "http://me:s3cret@[::1",
    ],
)
def test_a_proxy_that_can_not_be_used_is_told_by_name_and_never_by_value(address: str) -> None:
    with pytest.raises(BadProxy) as bad:
        proxy_at(address)
    assert "s3cret" not in str(bad.value)
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        with pytest.raises(SettingsError) as told:
            Settings.from_environment({**BASE, name: address})
        assert name.upper() in str(told.value)
        assert "s3cret" not in str(told.value)


def test_a_password_is_not_shown_by_accident() -> None:
    proxy = proxy_at("http://me:s3cret@proxy.example:3128")
    settings = Settings.from_environment({**BASE, "HTTPS_PROXY": "http://me:s3cret@proxy.example:3128"})
    assert proxy is not None
    assert "s3cret" not in f"{proxy!r} {proxy} {proxy.url} {Proxies(secure=proxy)!r} {settings!r}"


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://api.example", FIRST),
        ("wss://feed.example/path", FIRST),
        ("http://api.example:7001", SECOND),
        ("ws://feed.example:7002", SECOND),
    ],
)
def test_the_scheme_decides_which_proxy_it_is(url: str, proxy: Proxy) -> None:
    assert Proxies(FIRST, SECOND).of(url) == proxy
    assert Proxies().of(url) is None


@pytest.mark.parametrize(
    ("entry", "url", "direct"),
    [
        ("*", "https://api.btcturk.com", True),
        ("api.btcturk.com", "https://api.btcturk.com", True),
        ("btcturk.com", "https://api.btcturk.com", True),
        (".btcturk.com", "https://api.btcturk.com", True),
        ("*.btcturk.com", "https://api.btcturk.com", True),
        ("BTCTurk.com", "https://API.btcturk.COM", True),
        ("btcturk.com.", "https://api.btcturk.com", True),
        ("turk.com", "https://api.btcturk.com", False),
        (".turk.com", "https://api.btcturk.com", False),
        ("api.btcturk.com", "https://btcturk.com", False),
        ("btcturk.com:443", "https://api.btcturk.com", True),
        ("btcturk.com:443", "wss://api.btcturk.com", True),
        ("btcturk.com:80", "https://api.btcturk.com", False),
        ("btcturk.com:7001", "http://btcturk.com:7001", True),
        ("btcturk.com:7001", "http://btcturk.com:7002", False),
        ("127.0.0.1", "http://127.0.0.1:7001", True),
        ("127.0.0.0/8", "ws://127.9.9.9:7001", True),
        ("10.0.0.0/8", "http://11.0.0.1", False),
        ("10.0.0.0/8", "http://10.example", False),
        ("::1", "http://[::1]:7001", True),
        ("[::1]", "http://[::1]:7001", True),
        ("[::1]:7001", "http://[::1]:7001", True),
        ("[::1]:7002", "http://[::1]:7001", False),
        ("fe80::/10", "http://[fe80::1]", True),
        ("localhost", "http://localhost:7001", True),
        ("venue", "ws://venue:7002", True),
        (".", "https://api.btcturk.com", False),
        ("", "https://api.btcturk.com", False),
    ],
)
def test_what_is_exempt_goes_there_directly(entry: str, url: str, direct: bool) -> None:
    proxies = Proxies(FIRST, SECOND, exemptions(f"other.example, {entry} ,::2"))
    assert (proxies.of(url) is None) == direct


def test_both_spellings_are_read_and_the_small_letters_come_first() -> None:
    known = {"HTTPS_PROXY": "http://a.example", "HTTP_PROXY": "http://b.example", "NO_PROXY": "x.example"}
    proxies = Settings.from_environment(BASE | known).proxies
    assert proxies == Proxies(Proxy("a.example", 80), Proxy("b.example", 80), ("x.example",))
    small = {"https_proxy": "http://c.example", "http_proxy": "http://d.example", "no_proxy": "y.example z.example"}
    proxies = Settings.from_environment(BASE | known | small).proxies
    assert proxies == Proxies(Proxy("c.example", 80), Proxy("d.example", 80), ("y.example", "z.example", "x.example"))
    assert Settings.from_environment(BASE | small).proxies.exempt == ("y.example", "z.example")
    assert Settings.from_environment({**BASE, "HTTPS_PROXY": "", "https_proxy": " "}).proxies == Proxies()
