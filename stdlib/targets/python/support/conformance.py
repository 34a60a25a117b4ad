"""Tries operators on cases: reads a case a line, tells a result a line.

A case is an operator and its inputs as words, a result is `ok` and the outputs, `error` with its full name and what it
tells, or `skip`.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import exact
from exact import ContractError


class Breach(Exception):
    """A word that no value of a type stands for; the error that its type raises."""


class Word:
    """How values of a type are read and written."""

    def read(self, words: Iterator[str]) -> Any:
        raise NotImplementedError

    def write(self, value: Any) -> list[str]:
        raise NotImplementedError


class Bool(Word):
    def read(self, words: Iterator[str]) -> bool:
        return next(words) == "1"

    def write(self, value: bool) -> list[str]:
        return ["1" if value else "0"]


class Int(Word):
    def read(self, words: Iterator[str]) -> int:
        return int(next(words))

    def write(self, value: int) -> list[str]:
        return [str(value)]


class Text(Word):
    def read(self, words: Iterator[str]) -> str:
        return bytes.fromhex(next(words)[1:]).decode()

    def write(self, value: str) -> list[str]:
        return ["x" + value.encode().hex()]


class Bytes(Word):
    def read(self, words: Iterator[str]) -> bytes:
        return bytes.fromhex(next(words)[1:])

    def write(self, value: bytes) -> list[str]:
        return ["x" + value.hex()]


@dataclass
class OneOf(Word):
    """An enum; a number that it does not have is another value, or a breach."""

    values: type[Enum]
    breach: str
    otherwise: Enum | None = None

    def read(self, words: Iterator[str]) -> Enum:
        number = int(next(words))
        try:
            return self.values(number)
        except ValueError:
            if self.otherwise is None:
                raise Breach(self.breach) from None
            return self.otherwise

    def write(self, value: Enum) -> list[str]:
        return [str(value.value)]


@dataclass
class Optional(Word):
    inner: Word

    def read(self, words: Iterator[str]) -> Any:
        return self.inner.read(words) if next(words) == "1" else None

    def write(self, value: Any) -> list[str]:
        return ["0"] if value is None else ["1", *self.inner.write(value)]


@dataclass
class ListOf(Word):
    element: Word

    def read(self, words: Iterator[str]) -> list[Any]:
        return [self.element.read(words) for _ in range(int(next(words)))]

    def write(self, value: list[Any]) -> list[str]:
        return [str(len(value)), *(word for item in value for word in self.element.write(item))]


@dataclass
class MapOf(Word):
    key: Word
    value: Word

    def read(self, words: Iterator[str]) -> dict[Any, Any]:
        count = int(next(words))
        return {self.key.read(words): self.value.read(words) for _ in range(count)}

    def write(self, value: dict[Any, Any]) -> list[str]:
        written = [str(len(value))]
        for key in exact.ascending(value):
            written += self.key.write(key) + self.value.write(value[key])
        return written


@dataclass
class Record(Word):
    make: Callable[..., Any]
    fields: list[tuple[str, Word]]

    def read(self, words: Iterator[str]) -> Any:
        return self.make(**{name: word.read(words) for name, word in self.fields})

    def write(self, value: Any) -> list[str]:
        return [word for name, of in self.fields for word in of.write(getattr(value, name))]


@dataclass
class Operator:
    call: Callable[..., Any]
    inputs: list[Word]
    result: Word


def tried(line: str, operators: dict[str, Operator], errors: dict[str, list[Word]]) -> str:
    """The result of a case."""
    words = iter(line.split())
    operator = operators.get(next(words))
    if operator is None:
        return "skip"
    try:
        inputs = [word.read(words) for word in operator.inputs]
        return " ".join(["ok", *operator.result.write(operator.call(*inputs))])
    except Breach as breach:
        return f"error {breach}"
    except ContractError as error:
        written = [word for value, of in zip(error.arguments(), errors[error.name]) for word in of.write(value)]
        return " ".join(["error", error.name, *written])


def main(operators: dict[str, Operator], errors: dict[str, list[Word]]) -> None:
    """Tries every case of the standard input."""
    for line in sys.stdin:
        print(tried(line, operators, errors))
