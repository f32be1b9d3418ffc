"""A mypy plugin: refuses places of the services that put a decimal into a text as Python writes it, such as 1E-8."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mypy.errorcodes import ErrorCode
from mypy.nodes import CallExpr, Expression, ListExpr, StrExpr
from mypy.plugin import FunctionContext, MethodContext, Plugin
from mypy.types import Instance, TupleType, Type, UnionType, get_proper_type

PLAIN = ErrorCode("plain-digits", "a decimal in a text has plain digits", "Spark")
MESSAGE = "a decimal is written as Python does: use common.decimals.plain_text"
FREE = ("tests", "bench")
WRITER = "common/decimals.py"
FORMAT = "builtins.str.format"
WRITERS = ("builtins.str", "builtins.repr", "builtins.ascii", "builtins.format")


class PlainDigits(Plugin):
    """Looks at texts made of values: f-strings, `str.format`, `str`, `repr`, `format`."""

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """Looks at f-strings, which mypy reads as `str.format`."""
        return _look if fullname == FORMAT else None

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """Looks at the functions that make a text."""
        return _look if fullname in WRITERS else None


def _look(context: MethodContext | FunctionContext) -> Type:
    kinds = [kind for group in context.arg_types for kind in group]
    parts = [part for group in context.args for part in group]
    place = Path(context.api.path)
    looked_at = not set(FREE) & set(place.parts) and not place.as_posix().endswith(WRITER)
    if looked_at and not any(map(_fixed, parts[1:])) and any(map(_holds_decimal, kinds)):
        context.api.fail(MESSAGE, context.context, code=PLAIN)
    return context.default_return_type


def _fixed(part: Expression) -> bool:
    """Returns true for a format such as `.2f`, `.{places}f` or `.0%`, which has no exponent whatever the value is.

    mypy reads a format with a value in it as `"".join([…])`.
    """
    if isinstance(part, CallExpr) and isinstance(part.args[0], ListExpr):
        part = part.args[0].items[-1]
    return isinstance(part, StrExpr) and part.value.endswith(("f", "%"))


def _holds_decimal(kind: Type) -> bool:
    found = get_proper_type(kind)
    if isinstance(found, Instance):
        return found.type.fullname == "decimal.Decimal" or any(map(_holds_decimal, found.args))
    if isinstance(found, UnionType | TupleType):
        return any(map(_holds_decimal, found.items))
    return False


def plugin(_version: str) -> type[Plugin]:
    """Returns the plugin for this version of mypy."""
    return PlainDigits
