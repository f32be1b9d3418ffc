"""`python3 -m canary.page URL FOLDER`: says whether a user sees a live page there, and keeps a picture of it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from canary.page import chromium
from canary.page.chromium import Chromium, NoBrowser
from canary.page.judging import PageSeen, judged, verdict_of
from canary.page.watching import Watch

EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}
DEADLINE_SECONDS = 60.0
"""The longest time of a look without what was asked for by `--seconds`."""


def main() -> int:
    """Looks once and returns 0, 1 or 2 for PASS, FAIL or INCONCLUSIVE. Sentences go to standard output."""
    parser = argparse.ArgumentParser(prog="page")
    parser.add_argument("url", help="address of the console")
    parser.add_argument("folder", type=Path, help="folder for the picture and the JSON file")
    parser.add_argument("--browser", default=chromium.found(), help="the program to use; else one is found by name")
    parser.add_argument("--seconds", type=float, default=10.0, help="longest wait until live, then for changes (10)")
    chosen = parser.parse_args()
    if not chosen.browser:
        names = ", ".join(chromium.NAMES)
        return _inconclusive(
            f"no browser is here (looked for {names}): install Chromium, as by apt-get install chromium"
        )
    try:
        seen, picture = _looked(chosen.browser, chosen.url, chosen.seconds)
    except (NoBrowser, OSError) as error:
        return _inconclusive(str(error))
    except (KeyError, TypeError, ValueError) as error:
        return _inconclusive(f"the browser answered in an unknown form: {error!r}")
    return _told(seen, picture, chosen.url, chosen.folder)


def _looked(browser: str, url: str, patience: float) -> tuple[PageSeen, bytes | None]:
    with Chromium(browser, time.monotonic() + DEADLINE_SECONDS + 2 * patience) as running:
        watch = Watch(running, url, patience)
        return watch.run(), watch.screenshot()


def _inconclusive(reason: str) -> int:
    print(f"INCONCLUSIVE: {reason}", file=sys.stderr)
    return EXIT_CODES["INCONCLUSIVE"]


def _told(seen: PageSeen, picture: bytes | None, url: str, folder: Path) -> int:
    """Prints the conditions and the verdict, writes both files, and returns the exit code."""
    conditions = judged(seen)
    verdict = verdict_of(seen, conditions)
    at = time.gmtime()
    name = f"page_{time.strftime('%Y%m%dT%H%M%SZ', at)}"
    content = {
        "verdict": verdict,
        "url": url,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", at),
        "conditions": [asdict(one) for one in conditions],
        "errors": seen.errors,
        "failed_requests": seen.failed_requests,
    }
    for one in conditions:
        print(f"{'met    ' if one.met else 'NOT MET'}  {one.sentence}  {one.text}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if picture is not None:
            Path(folder, f"{name}.png").write_bytes(picture)
        Path(folder, f"{name}.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        return _inconclusive(f"the values can't be kept: {error}")
    print(f"{verdict}: {folder}/{name}.json" + (f", {folder}/{name}.png" if picture is not None else ", no picture"))
    return EXIT_CODES[verdict]


if __name__ == "__main__":
    sys.exit(main())
