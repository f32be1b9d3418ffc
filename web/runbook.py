"""The runbook: the headings of the repository's runbook pages as HTML, one for each alert.

It reads the few forms of markdown that the pages use: headings, paragraphs, commands indented by four blanks, and in
the text bold, code and links. Any other form is refused, so that nothing is lost or shown as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

FOLDER = Path(__file__).parents[1] / "prometheus"
PAGES = "runbook*.md"
_NAME = re.compile(r"[A-Za-z0-9]{1,64}")
_OTHER_FORM = re.compile(r"[#>|\t ]|```|~~~|[-+*] |1[.)] |[-=*_]{3,}$")
_LIST = re.compile(r"\d+[.)] ")
"""A numbered line begins a list where it begins a paragraph; within one, only number 1 does (CommonMark 0.31, 5.3)."""
_INLINE = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|(?<!!)\[(?P<text>[^\]\[]+)\]\((?P<to>[^()\s]+)\)")
_LEFT_OVER = re.compile(r"[*`]|\]\(|!\[|(?<!\w)_\w|\\|&[a-z]+;")


class RunbookError(Exception):
    """A page of the runbook is missing or has a form that is not known; the message says which line of which page."""


@dataclass(frozen=True)
class Part:
    """A paragraph, or commands below it.

    html: the text of a paragraph, as `Markup`; empty for commands.
    commands: the lines to paste, one by one; empty for a paragraph.
    """

    html: str = ""
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """The text of the runbook about one alert.

    alert: the name of the alert.
    severity: critical, warning or info: the word that the first paragraph begins with.
    parts: its paragraphs and commands, in order.
    title: the title of the page that it stands on.
    about: the introduction of that page.
    """

    alert: str
    severity: str
    parts: tuple[Part, ...]
    title: str
    about: tuple[Part, ...]


def read_runbook(folder: Path = FOLDER) -> dict[str, Chapter]:
    """Returns every chapter by the name of its alert. Raises `RunbookError`."""
    pages = sorted(folder.glob(PAGES))
    if not pages:
        raise RunbookError(f"{folder} has no runbook: the files {PAGES} belong there")
    found: dict[str, Chapter] = {}
    for page in pages:
        for chapter in chapters(page.read_text(encoding="utf-8"), page.name):
            if chapter.alert in found:
                raise RunbookError(f"{page.name}: {chapter.alert} has a heading already")
            found[chapter.alert] = chapter
    return found


def chapters(text: str, name: str) -> Iterator[Chapter]:
    """Yields the chapters of one page. Raises `RunbookError`."""
    first, *headed = re.split(r"^## ", text, flags=re.MULTILINE)
    title, _, introduction = first.partition("\n")
    if not title.startswith("# "):
        raise RunbookError(f"{name}: the first line must be the title, as in `# Runbook`, not {title[:60]!r}")
    about = tuple(_parts(introduction, name))
    for section in headed:
        heading, _, body = section.partition("\n")
        if not _NAME.fullmatch(heading):
            raise RunbookError(f"{name}: the heading {heading[:60]!r} must be the name of an alert")
        severity = body.split(maxsplit=1)[0].rstrip(".").lower() if body.strip() else ""
        yield Chapter(heading, severity, tuple(_parts(body, name)), title[2:], about)


def _parts(text: str, name: str) -> Iterator[Part]:
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = [line.rstrip() for line in block.split("\n") if line.strip()]
        if not lines:
            continue
        if all(re.match(r" {4}\S", line) for line in lines):
            yield Part(commands=tuple(line[4:] for line in lines))
            continue
        for line in lines:
            if _OTHER_FORM.match(line) or (line is lines[0] and _LIST.match(line)):
                raise RunbookError(f"{name}: the form of the line {line[:60]!r} is not known")
        yield Part(html=_inline(" ".join(lines), name))


def _inline(text: str, name: str) -> Markup:
    html, end = Markup(""), 0
    for found in _INLINE.finditer(text):
        html += _plain(text[end : found.start()], name) + _marked(found, name)
        end = found.end()
    return html + _plain(text[end:], name)


def _plain(text: str, name: str) -> Markup:
    if found := _LEFT_OVER.search(text):
        raise RunbookError(f"{name}: {found[0]!r} near {text[:60]!r} is of a form that is not known")
    return escape(text)


def _marked(found: re.Match[str], name: str) -> Markup:
    """Returns code, bold text or a link. Another page of the runbook is named: it has no address here."""
    if found["code"] is not None:
        return Markup("<code>{}</code>").format(found["code"])
    if found["bold"] is not None:
        return Markup("<strong>{}</strong>").format(_inline(found["bold"], name))
    if found["to"].startswith(("https://", "http://")):
        return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(found["to"], found["text"])
    return Markup('<span class="place">{}</span>').format(found["text"])
