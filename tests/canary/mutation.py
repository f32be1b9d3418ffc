"""Changes bytes at random for property tests."""

from __future__ import annotations

from hypothesis import strategies as st


@st.composite
def mutants(draw: st.DrawFn, whole: bytes, longest: int) -> bytes:
    """Draws bytes with one to three changes, which may undo each other.

    A change flips a bit, sets a byte, or inserts other bytes. Or it removes, doubles or moves a stretch of at most
    `longest` bytes.
    """
    content = bytearray(whole)
    place = st.integers(0, len(whole) - 1)
    for _ in range(draw(st.integers(1, 3))):
        start, length, target = draw(place), draw(st.integers(1, longest)), draw(place)
        piece = content[start : start + length]
        how = draw(st.sampled_from(["flip", "set", "remove", "insert", "double", "move"]))
        if how == "flip":
            content[start % len(content)] ^= 1 << draw(st.integers(0, 7))
        if how == "set":
            content[start % len(content)] = draw(st.integers(0, 255))
        if how in ("remove", "move"):
            del content[start : start + length]
        if how in ("double", "move"):
            content[target:target] = piece
        if how == "insert":
            content[target:target] = draw(st.binary(min_size=1, max_size=40))
    return bytes(content)
