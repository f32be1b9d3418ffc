"""The start script uses what works: the rendered configuration, else the last good one, else the console alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.init.receivers import environment
from tests.rules import rendered

pytestmark = pytest.mark.engine
BEGIN = (
    "mkdir -p /live/bin && printf '#!/bin/sh\\necho started \"$@\"\\n' >/live/bin/alertmanager "
    "&& chmod 755 /live/bin/alertmanager"
)
START = (
    "export PATH=/live/bin:$PATH RENDERED=/live/rendered KEPT=/live/kept; "
    "/etc/alertmanager/start --storage.path=/alertmanager"
)
FLAGS = "--storage.path=/alertmanager"
KEPT = f"started --config.file=/live/kept/alertmanager.yml {FLAGS}\n"
OWN = f"started --config.file=/etc/alertmanager/alertmanager.yml {FLAGS}\n"


class Start:
    """A folder with a rendered configuration, and the script that chooses."""

    def __init__(self, image: str, folder: Path) -> None:
        self.image, self.folder = image, folder
        self.rendered = rendered.write(folder / "rendered", environment("slack"))

    def run(self, before: str = "true") -> tuple[str, str]:
        done = rendered.tool(self.image, self.folder, f"{BEGIN} && {before}; {START}")
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    def change(self, name: str, text: str) -> None:
        (self.rendered / name).unlink()
        if text:
            (self.rendered / name).write_text(text)


BREAK: dict[str, tuple[Callable[[Start], None], str]] = {
    "no YAML": (lambda it: it.change("alertmanager.yml", "route: ["), "yaml"),
    "an unknown receiver": (
        lambda it: it.change("alertmanager.yml", "route: {receiver: x}\nreceivers: []\n"),
        "undefined",
    ),
    "a template that is cut off": (lambda it: it.change("words.tmpl", "{{ define"), "template"),
    "a text that fails when it is made": (
        lambda it: it.change(
            "words.tmpl",
            (it.rendered / "words.tmpl").read_text().replace("(tz ", "(tz .Nothing "),
        ),
        "the text spark.short: ",
    ),
    "an unknown zone": (
        lambda it: it.change(
            "words.tmpl", (it.rendered / "words.tmpl").read_text().replace("Europe/Istanbul", "Nowhere/Land")
        ),
        "the text spark.short: ",
    ),
    "no file": (lambda it: it.change("words.tmpl", ""), "there is no configuration in /live/rendered"),
}


@pytest.fixture
def start(alertmanager_image: str, tmp_path: Path) -> Start:
    return Start(alertmanager_image, tmp_path)


def test_a_good_configuration_is_used_and_kept(start: Start) -> None:
    assert start.run() == (KEPT, "")
    assert (start.folder / "kept/alertmanager.yml").read_text() == (start.rendered / "alertmanager.yml").read_text()
    assert not list(start.folder.glob("kept.*"))


@pytest.mark.parametrize("name", BREAK)
def test_a_bad_one_is_refused_in_one_line_and_the_last_good_one_goes_on(start: Start, name: str) -> None:
    change, reason = BREAK[name]
    good = (start.rendered / "alertmanager.yml").read_text()
    start.run()
    change(start)
    out, said = start.run()
    assert out == KEPT
    assert said.startswith("alertmanager: the rendered configuration is refused, the last good one is used: ")
    assert said.count("\n") == 1
    assert reason in said
    assert (start.folder / "kept/alertmanager.yml").read_text() == good


def test_without_any_good_one_the_console_alone_is_told(start: Start) -> None:
    start.change("alertmanager.yml", "route: [")
    out, said = start.run()
    assert out == OWN
    assert said.startswith("alertmanager: the rendered configuration is refused, the console alone is told of alerts: ")


def test_a_start_that_died_while_it_kept_one_loses_nothing(start: Start) -> None:
    start.run()
    start.change("alertmanager.yml", "route: [")
    assert start.run("mv /live/kept /live/kept.old && mkdir /live/kept.new")[0] == KEPT


def test_a_full_disk_does_not_stop_the_pages(start: Start) -> None:
    out, said = start.run(
        "mkdir /live/kept.new && touch /live/kept.new/x && export PATH=/live/bin:$PATH "
        "&& printf '#!/bin/sh\\nexit 1\\n' >/live/bin/cp && chmod 755 /live/bin/cp"
    )
    assert out == f"started --config.file=/live/rendered/alertmanager.yml {FLAGS}\n"
    assert "can't be kept" in said
