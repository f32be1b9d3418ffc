"""Invented names of coins and shares. Each begins with a letter that Turkish does not have: no real share has it."""

from __future__ import annotations

from itertools import product
from random import Random

_FIRST, _VOWELS, _CONSONANTS = "QW", "AEIOU", "BDFGKLMNPRSTVYZ"


def invented_names(count: int, kind: str) -> list[str]:
    """Returns different names of five letters, the same for the same `kind`; a longer list begins with a shorter one.

    Raises `ValueError` for more names than there are.
    """
    every = ["".join(letters) for letters in product(_FIRST, _VOWELS, _CONSONANTS, _VOWELS, _CONSONANTS)]
    if count > len(every):
        raise ValueError(f"there are {len(every)} names, fewer than {count}")
    Random(kind).shuffle(every)
    return every[:count]
