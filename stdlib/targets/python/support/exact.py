"""What generated modules share: exact arithmetic, total operations, and the base of their errors.

Amounts and other decimals are whole numbers of their smallest unit, so nothing here rounds unless it is told how.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
Part = TypeVar("Part", str, bytes, list)


class ContractError(Exception):
    """An error that a contract declares."""

    #: Its full name.
    name: ClassVar[str]
    #: Its number, unique in its contract.
    number: ClassVar[int]
    #: FATAL, ERROR or WARN.
    severity: ClassVar[str]
    #: What it is about.
    category: ClassVar[str]
    #: Does it help to try again?
    retry: ClassVar[bool]

    def arguments(self) -> tuple[object, ...]:
        """What the error tells, in the order of its contract."""
        return ()


def ceiling(a: int, b: int) -> int:
    """The quotient, rounded up."""
    return -(-a // b)


def down(a: int, b: int) -> int:
    """The quotient, rounded towards zero."""
    return a // b if (a < 0) == (b < 0) else -(-a // b)


def up(a: int, b: int) -> int:
    """The quotient, rounded away from zero."""
    return -(-a // b) if (a < 0) == (b < 0) else a // b


def half_even(a: int, b: int) -> int:
    """The quotient, rounded to the nearest; half to the even one."""
    if b < 0:
        a, b = -a, -b
    whole, rest = divmod(a, b)
    if 2 * rest > b or (2 * rest == b and whole % 2 == 1):
        return whole + 1
    return whole


def half_up(a: int, b: int) -> int:
    """The quotient, rounded to the nearest; half away from zero."""
    if b < 0:
        a, b = -a, -b
    whole, rest = divmod(a, b)
    if 2 * rest > b or (2 * rest == b and a >= 0):
        return whole + 1
    return whole


def otherwise(value: T | None, fallback: T) -> T:
    """The value, or the fallback when there is none."""
    return fallback if value is None else value


def element(items: list[T], place: int) -> T | None:
    """The element at a place from 0; None when there is none."""
    return items[place] if 0 <= place < len(items) else None


def put(entries: dict[K, V], key: K, value: V) -> dict[K, V]:
    """The entries with a key's value set."""
    return {**entries, key: value}


def remove(entries: dict[K, V], key: K) -> dict[K, V]:
    """The entries without a key."""
    return {own: value for own, value in entries.items() if own != key}


def order(value: object) -> Any:
    """What a value is sorted by: one of an enum by its number."""
    return value.value if isinstance(value, Enum) else value


def ascending(items: Iterable[T]) -> list[T]:
    """In ascending order."""
    return sorted(items, key=order)


def entries(of: dict[K, V]) -> list[tuple[K, V]]:
    """Keys and values, by ascending keys."""
    return [(key, of[key]) for key in ascending(of)]


def values(of: dict[K, V]) -> list[V]:
    """The values, by ascending keys."""
    return [value for _, value in entries(of)]


def part(of: Part, place: int, count: int) -> Part:
    """From a place, at most so many."""
    start = max(place, 0)
    return of[start : start + max(count, 0)]


def split(text: str, mark: str) -> list[str]:
    """The parts of a text between a mark; an empty mark parts nothing."""
    return text.split(mark) if mark else [text]


def text_of(codes: list[int]) -> str | None:
    """The text of numbers of characters; None when one is no character."""
    for code in codes:
        if not 0 <= code < 0x110000 or 0xD800 <= code < 0xE000:
            return None
    return "".join(map(chr, codes))


def from_utf8(data: bytes) -> str | None:
    """The text of bytes in UTF-8; None when they are not."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def decimal_text(digits: int, scale: int) -> str:
    """A number of units of ten to the power of minus the scale, with its point."""
    text = str(abs(digits)).rjust(scale + 1, "0")
    sign = "-" if digits < 0 else ""
    return f"{sign}{text[:-scale]}.{text[-scale:]}"


def spelt(value: object) -> str:
    """The name of a value of an enum."""
    return str(getattr(value, "spelling"))


def parse_int(text: str) -> int | None:
    """The number that decimal digits say; None when they say none."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,70}", text) else None


def lower(text: str) -> str:
    """With a to z for A to Z, and nothing else changed."""
    return "".join(char.lower() if "A" <= char <= "Z" else char for char in text)


def upper(text: str) -> str:
    """With A to Z for a to z, and nothing else changed."""
    return "".join(char.upper() if "a" <= char <= "z" else char for char in text)


def matches(pattern: str, text: str) -> bool:
    """Does a pattern match the whole text?"""
    return re.fullmatch(pattern, text) is not None


def is_nfc(text: str) -> bool:
    """Is a text in Unicode's normal form C?"""
    return unicodedata.is_normalized("NFC", text)


Operation = Callable[..., object]
