"""The spelling of the decimals in a JSON body, checked as the client wrote it, before it is a number. Pure.

The JSON library reads a decimal in every spelling that Python knows, and what it returns tells the spelling no more. So
a body is read twice: first as its shadow, a type of the same shape whose decimals are texts to be checked.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import is_dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin, get_type_hints

import msgspec

from common.decimals import RULE, is_plain

LONGEST_SHOWN = 32
_NOTHING = (types.NoneType, msgspec.UnsetType)


class _Number(str):
    """A number of JSON with a fraction or an exponent, as it was written."""


class _Spelled:
    """A decimal of a shadow."""

    form: ClassVar[re.Pattern[str] | None] = None
    rule: ClassVar[str] = RULE


@cache
def checker(kind: Hashable) -> Callable[[bytes | str], object] | None:
    """Returns the function that checks a body of this kind; None for a kind without decimals.

    The function raises `msgspec.ValidationError` with the path of the first decimal that is not spelled well.
    """
    shadow = _shadow(kind)
    if shadow is Any:
        return None
    return msgspec.json.Decoder(shadow, dec_hook=_check, float_hook=_Number).decode


def _check(kind: type[_Spelled], found: object) -> _Spelled:
    """Anything but a text or a number is left to the second reading, which knows what else may be there."""
    if isinstance(found, str | int) and not isinstance(found, bool):
        text = str(found)
        if not is_plain(text) or (kind.form is not None and not kind.form.fullmatch(text)):
            raise ValueError(f"{kind.rule}, not {text[:LONGEST_SHOWN]!r}")
    return _SEEN[kind]


@cache
def _spelled(form: str, rule: str) -> type[_Spelled]:
    return _kept(type("Spelled", (_Spelled,), {"form": re.compile(form), "rule": rule}))


def _kept(kind: type[_Spelled]) -> type[_Spelled]:
    _SEEN[kind] = kind()
    return kind


_SEEN: dict[type[_Spelled], _Spelled] = {}
_kept(_Spelled)


def _shadow(hint: Any, *, in_union: bool = False) -> Any:
    """Returns the shadow of a type; `Any` for one without decimals, but never for a message in a union of several."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Decimal:
        return _Spelled
    if origin is Annotated:
        return _annotated(*arguments)
    if origin in (Union, types.UnionType):
        return _union([each for each in arguments if each not in _NOTHING])
    if isinstance(hint, type) and (issubclass(hint, msgspec.Struct) or is_dataclass(hint)):
        return _message(hint, always=in_union)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = _shadow(arguments[1])
        return Any if inner is Any else dict[str, inner]  # type: ignore[valid-type]
    if isinstance(origin, type) and issubclass(origin, Sequence | frozenset | set):
        parts = [each if each is Ellipsis else _shadow(each) for each in arguments]
        if all(each in (Any, Ellipsis) for each in parts):
            return Any
        return tuple[tuple(parts)] if origin is tuple else list[parts[0]]  # type: ignore[misc, valid-type]
    return Any


def _annotated(base: Any, *notes: Any) -> Any:
    if base is not Decimal:
        return _shadow(base)
    extra = next((note.extra for note in notes if isinstance(note, msgspec.Meta) and note.extra), None)
    return _Spelled if extra is None else _spelled(extra["form"], extra["rule"])


def _union(members: Sequence[Any]) -> Any:
    parts = [_shadow(each, in_union=len(members) > 1) for each in members]
    if all(part is Any for part in parts) or all(_shadow(each) is Any for each in members):
        return Any
    if Any in parts:
        raise TypeError(f"the decimals in {members} can't be told from the rest")
    return Union[(*parts, None)]


def _message(kind: Any, *, always: bool) -> Any:
    fields = {name: _shadow(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}
    config = getattr(kind, "__struct_config__", None)
    if not always and all(shadow is Any for shadow in fields.values()):
        return Any
    if config is None:
        return msgspec.defstruct(kind.__name__, [(name, shadow, None) for name, shadow in fields.items()])
    known = kind.__struct_fields__
    return msgspec.defstruct(
        kind.__name__,
        [(name, fields[name], None) for name in known],
        array_like=config.array_like,
        tag_field=config.tag_field,
        tag=config.tag,
        rename=dict(zip(known, kind.__struct_encode_fields__, strict=True)),
    )
