"""The badge: the verdict of now as a small SVG. Pure."""

from __future__ import annotations

from xml.etree import ElementTree

LABEL = "canary"
COLOURS = {"PASS": "#2e7d32", "FAIL": "#c62828", "INCONCLUSIVE": "#6d6d6d"}
"""White text on each has a contrast of at least 4.5 to 1."""
_LABEL_COLOUR = "#444444"
_LETTER, _EDGE, _HEIGHT = 7, 8, 20
"""Pixels: the width of a letter of the font, the room beside a text, the height of the badge."""


def badge(verdict: str) -> bytes:
    """Returns the SVG for a verdict. A word that is no verdict has the colour of INCONCLUSIVE."""
    left, right = (2 * _EDGE + _LETTER * len(text) for text in (LABEL, verdict))
    title = f"{LABEL}: {verdict}"
    size = {"width": str(left + right), "height": str(_HEIGHT)}
    svg = ElementTree.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-label": title, **size}
    )
    ElementTree.SubElement(svg, "title").text = title
    for text, x, width, colour in (
        (LABEL, 0, left, _LABEL_COLOUR),
        (verdict, left, right, COLOURS.get(verdict, COLOURS["INCONCLUSIVE"])),
    ):
        place = {"x": str(x), "width": str(width), "height": str(_HEIGHT), "fill": colour}
        ElementTree.SubElement(svg, "rect", place)
        style = {"fill": "#ffffff", "font-family": "monospace", "font-size": "11", "text-anchor": "middle"}
        length = {"textLength": str(_LETTER * len(text)), "lengthAdjust": "spacingAndGlyphs"}
        shown = ElementTree.SubElement(svg, "text", {"x": str(x + width / 2), "y": "14", **style, **length})
        shown.text = text
    drawn: bytes = ElementTree.tostring(svg, encoding="utf-8")
    return drawn
