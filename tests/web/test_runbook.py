"""The runbook is rendered whole: every word and every command of every heading, and no markup of the page's own."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from tests.repo.tree import ROOT
from web.runbook import Chapter, Part, RunbookError, chapters, read_runbook

PAGES = sorted((ROOT / "prometheus").glob("runbook*.md"))
SECTIONS = {
    name: body
    for page in PAGES
    for name, body in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
}
RUNBOOK = read_runbook()
TAG = re.compile(r"<[^>]*>")


def words(markdown: str) -> list[str]:
    """The words that a reader sees of a text in markdown, word by word."""
    links = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", markdown)
    return links.replace("**", "").replace("`", "").split()


def shown(parts: tuple[Part, ...]) -> list[str]:
    """The words that a reader sees of the rendered parts, word by word."""
    texts = [" ".join(part.commands) if part.commands else html.unescape(TAG.sub("", part.html)) for part in parts]
    return " ".join(texts).split()


def one(text: str) -> Chapter:
    (chapter,) = chapters(f"# Runbook\n\nAbout it.\n\n## Any\n\n{text}", "page.md")
    return chapter


def test_every_heading_of_every_page_is_a_chapter() -> None:
    assert len(PAGES) >= 2
    assert set(RUNBOOK) == set(SECTIONS)


@pytest.mark.parametrize("alert", sorted(SECTIONS))
def test_a_chapter_loses_no_word_and_no_command(alert: str) -> None:
    chapter, section = RUNBOOK[alert], SECTIONS[alert]
    commands = re.findall(r"^ {4}(\S.*)$", section, re.MULTILINE)
    assert [line for part in chapter.parts for line in part.commands] == commands
    prose = re.sub(r"^ {4}\S.*$", "", section, flags=re.MULTILINE)
    assert shown(tuple(part for part in chapter.parts if not part.commands)) == words(prose)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_an_introduction_loses_no_word(page: Path) -> None:
    text = page.read_text().partition("\n## ")[0].partition("\n")[2]
    about = next(chapter.about for chapter in RUNBOOK.values() if chapter.alert in page.read_text().split("## ")[1])
    assert shown(about) == words(text)


def test_text_is_escaped_and_forms_are_rendered() -> None:
    (part,) = one('A `<b>` & **bold `x`** [there](https://example.org/?a=1&b="2") [runbook.md](runbook.md) <i>').parts
    assert part.html == (
        "A <code>&lt;b&gt;</code> &amp; <strong>bold `x`</strong>".replace("`x`", "<code>x</code>")
        + ' <a href="https://example.org/?a=1&amp;b=&#34;2&#34;" rel="noopener noreferrer">there</a>'
        + ' <span class="place">runbook.md</span> &lt;i&gt;'
    )


def test_commands_are_kept_as_they_are_typed() -> None:
    parts = one("**First commands.**\n\n    a `b` **c** <d> \\\n    e && f\n\nText.").parts
    assert parts[1].commands == ("a `b` **c** <d> \\", "e && f")


@pytest.mark.parametrize(
    "text",
    [
        "### a deeper heading",
        "- a list",
        "* a list",
        "text\n- a list",
        "1. a list",
        "7) a list",
        "> a quote",
        "| a | table |",
        "```\ncode\n```",
        "---",
        "an *emphasis*",
        "an open ` mark",
        "an open ** mark",
        "an ![image](x.png)",
        "an _emphasis_",
        "an entity &amp; more",
        "a \\* escape",
        "text\n    then a command without a blank line",
        "    a command\ntext",
        "  two blanks",
        "     five blanks",
        "\ta tab",
        "[a link](javascript:x y)",
    ],
)
def test_a_form_that_is_not_known_is_refused_with_its_page(text: str) -> None:
    with pytest.raises(RunbookError, match=r"^page\.md: "):
        one(text)


@pytest.mark.parametrize("text", ["no title", "# T\n\n## Two words\n\nx", "# T\n\n## A/B\n\nx", "# T\n\n## \n\nx"])
def test_a_page_without_a_title_or_with_another_heading_is_refused(text: str) -> None:
    with pytest.raises(RunbookError, match=r"^page\.md: "):
        list(chapters(text, "page.md"))


def test_a_missing_runbook_and_one_that_says_a_thing_twice_are_told(tmp_path: Path) -> None:
    with pytest.raises(RunbookError, match="has no runbook"):
        read_runbook(tmp_path)
    for name in ("runbook.md", "runbook-b.md"):
        (tmp_path / name).write_text("# Title\n\n## Same\n\nText.\n")
    with pytest.raises(RunbookError, match="Same has a heading already"):
        read_runbook(tmp_path)


def test_the_image_has_every_page_of_the_runbook() -> None:
    assert "COPY prometheus/runbook*.md prometheus/" in (ROOT / "web/Dockerfile").read_text().splitlines()
    assert "!prometheus" in (ROOT / ".dockerignore").read_text().splitlines()
