"""Compare the rows of a chunk with those that its destination has, as the destination keeps them.

A database gets the rows once more, into a temporary table with the types of the target, so that
whatever it rounds is rounded on both sides; there it counts them, sums up hashes of them, and finds
the keys at which they differ. Other destinations are read back and compared here.
"""

from __future__ import annotations

import json
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from uuid import UUID

from pgbacklog.writers.base import Batch, Column, Comparison, Record, Row, Scope, Writer, halved
from pgbacklog.writers.reading import base_type, fields

KEY = "pgbacklog_key"  # the column of a chunk's key as text, which follows all others
HOLE = "\0"  # where a value belongs in a statement
_ROWS, _SUM, _HASH = "pgbacklog_rows", "pgbacklog_sum", "pgbacklog_hash"
_KINDS = {
    "smallint": "number", "integer": "number", "bigint": "number", "numeric": "number",
    "date": "date", "timestamp without time zone": "time", "timestamp with time zone": "zoned",
    "uuid": "uuid",
}  # fmt: skip
_WIDER = {
    "smallint": ("integer", "bigint", "numeric", "real", "double precision", "text"),
    "integer": ("bigint", "numeric", "double precision", "text"), "bigint": ("numeric", "text"),
    "real": ("double precision", "text"), "text": ("character varying",),
    "character varying": ("text",), "json": ("jsonb", "text"), "cidr": ("inet", "text"),
    "date": ("timestamp without time zone", "text"),
}  # fmt: skip
_TEXTS = ("text", "character varying")
# number, date, time, zoned (time), utc (time of both), uuid, bytes (text in their order, in UTF-8);
# its digits behind the point, if few
Kind = tuple[str, int | None]


class Tables(Writer):
    """A writer to tables of a database, where its chunks are compared."""

    staged = "pgbacklog_compared"

    def compare(self, scope: Scope, source: Callable[[], Iterable[Batch]]) -> Comparison:
        """Compare a chunk within the database."""
        found, alone = Comparison(), dict[str, Record]()
        with self._comparing():
            for batch in source():
                for row, _ in halved(batch, self._stage):
                    found.source_rows += 1
                    found.source_checksum += checksum(row.record(0).items())
                    key = row.record(0)[KEY]
                    if found.add(key, "missing"):
                        alone[key] = found.differences[-1]
            within = self._within(scope)
            # Of the rows without a key none can be found by it: they are found by all they have.
            match = () if scope.kind == "nulls" else scope.match
            self._summarize(scope, match, within)
            self._total(found, match, within is not None)
            if not found.is_equal:
                self._find(found, scope, match, alone, within is not None)
        return found

    @abstractmethod
    def _comparing(self) -> AbstractContextManager[None]:
        """Make the table `staged`, with the target's columns and KEY, and in the end drop all."""

    @abstractmethod
    def _stage(self, batch: Batch) -> None:
        """Write rows, with their keys, to the table `staged`; raises Refused if none is kept."""

    @abstractmethod
    def _ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement, with values for its holes; return its rows."""

    @abstractmethod
    def _target(self) -> str:
        """Return the target's name as SQL."""

    @abstractmethod
    def _quoted(self, name: str) -> str:
        """Return a name as SQL."""

    @abstractmethod
    def _hash(self, alias: str) -> str:
        """Return SQL for a number of about 64 bits that stands for a row."""

    @abstractmethod
    def _kinds(self, names: Sequence[str]) -> list[Kind | None]:
        """Return what the target's columns are, None for what may be ordered in a way of its own.

        Numbers and times come with the digits that they keep behind the point; None is any number.
        """

    def _temporary(self, name: str) -> str:
        """Return a table's name for "create temporary table" and after."""
        return self._quoted(name)

    def _shown(self, column: str, kind: Kind | None) -> str:
        """Return SQL for a column of a key that the driver understands."""
        return column

    def _keys(self, alias: str, match: Sequence[str]) -> list[str]:
        return [f"{alias}.{self._quoted(x)}" for x in match] or [f"{alias}.{_HASH}"]

    def _summarize(
        self, scope: Scope, match: Sequence[str], within: tuple[str, list[Any]] | None
    ) -> None:
        """Make tables of both sides with rows and checksum for each key, or each hash."""
        named = "".join(f"r.{self._quoted(x)}, " for x in match)
        keys = ", ".join(self._keys("x", match))
        row = f"{named}{self._hash('r')} as {_HASH}"
        sums = f"{keys}, count(*) as {_ROWS}, sum(x.{_HASH}) as {_SUM}"
        ours, theirs = self._temporary(f"{self.staged}_s"), self._temporary(f"{self.staged}_t")
        key = self._quoted(KEY)
        self._ask(
            f"create temporary table {ours} as select {sums}, min(x.{key}) as {key} "  # noqa: S608
            f"from (select {row}, r.{key} from {self._temporary(self.staged)} as r) as x "
            f"group by {keys}"
        )
        self._analyze(ours)
        chosen, values = f"{self._target()} as r", list[Any]()
        if within is not None:
            chosen, values = f"{chosen} where {within[0]}", within[1]
        elif match:
            same = " and ".join(f"r.{self._quoted(x)} = g.{self._quoted(x)}" for x in match)
            chosen = f"{ours} as g join {chosen} on {same}"
        elif scope.kind == "nulls" and scope.key:
            null = " or ".join(f"r.{self._quoted(x)} is null" for x in scope.key)
            chosen = f"{chosen} where {null}"
        self._ask(
            f"create temporary table {theirs} as select {sums} "  # noqa: S608 - quoted
            f"from (select {row} from {chosen}) as x group by {keys}", values
        )  # fmt: skip

    def _analyze(self, table: str) -> None:
        """Let the planner know a table, if it asks for that."""

    def _joined(self, match: Sequence[str], first: str, second: str, how: str) -> str:
        pairs = zip(self._keys("s", match), self._keys("t", match), strict=True)
        names = {x: self._temporary(f"{self.staged}_{x}") for x in "st"}
        return (
            f"{names[first]} as {first} {how} join {names[second]} as {second} "
            f"on {' and '.join(f'{a} = {b}' for a, b in pairs)}"
        )

    def _total(self, found: Comparison, match: Sequence[str], whole: bool) -> None:
        table = self._temporary(f"{self.staged}_s")
        sums = f"select coalesce(sum(t.{_ROWS}), 0), coalesce(sum(t.{_SUM}), 0) from"
        ((rows, total),) = self._ask(f"{sums} {table} as t")
        found.source_rows += int(rows)
        found.source_checksum += int(total)
        theirs = f"{self._temporary(f'{self.staged}_t')} as t"
        if not whole:  # what else is there is not of this chunk
            theirs = self._joined(match, "s", "t", "")
        ((rows, total),) = self._ask(f"{sums} {theirs}")
        found.destination_rows, found.destination_checksum = int(rows), int(total)

    def _find(
        self, found: Comparison, scope: Scope, match: Sequence[str], alone: dict[str, Record],
        whole: bool,
    ) -> None:  # fmt: skip
        for key, problem in self._ask(
            f"select s.{self._quoted(KEY)}, "  # noqa: S608 - quoted
            f"case when t.{_ROWS} is null then 'missing' else 'different' end "
            f"from {self._joined(match, 's', 't', 'left')} where t.{_ROWS} is null "
            f"or t.{_ROWS} <> s.{_ROWS} or t.{_SUM} <> s.{_SUM}"
        ):
            if scope.kind != "nulls":
                found.add(key, problem)
        if whole and match:
            kinds = self._kinds(match)
            shown = map(self._shown, self._keys("t", match), kinds)
            for values in self._ask(
                f"select {', '.join(shown)} "  # noqa: S608 - quoted
                f"from {self._joined(match, 't', 's', 'left')} where s.{_ROWS} is null"
            ):
                key = key_text(values, scope.key_types)
                if key in alone:  # it has a row there, but not this one
                    alone[key]["problem"] = "different"
                else:
                    found.add(key, "extra")

    def _within(self, scope: Scope) -> tuple[str, list[Any]] | None:
        """Return a condition on the rows r that are in a chunk's range, if that can be told."""
        if not scope.whole_range:
            return None
        columns = {column.name: column for column in self.job.columns}
        names = [f"r.{self._quoted(x)}" for x in scope.key]
        told = zip(scope.key, self._kinds(scope.key), strict=True)
        if not all(_keeps(columns[name], kind) for name, kind in told):
            return None
        conditions, values = [f"{x} is not null" for x in names], list[Any]()
        for bound, operators in ((scope.lower, (">", ">=", ">")), (scope.upper, ("<", "<=", "<="))):
            try:
                parsed = [_parsed(*x) for x in zip(bound or (), scope.key_types, strict=False)]
            except ValueError:  # infinite, or too long ago for this client
                return None
            if parsed:
                condition, more = _bounded(names, parsed, *operators)
                conditions.append(condition)
                values += more
        return " and ".join(conditions), values


def compare_rows(
    writer: Writer, scope: Scope, source: Callable[[], Iterable[Batch]]
) -> Comparison:
    """Compare a chunk with what a writer's stored() returns."""
    names, found = writer.job.names, Comparison()
    places = [names.index(x) for x in scope.match]
    known: dict[Any, list[Any]] = {}
    keys = []
    for batch in source():
        for row in fields(batch, writer.form):
            kept = writer.as_stored(row[:-1])
            if writer.job.key:
                keys.append(tuple(row[names.index(x)] for x in writer.job.key))
            note(known, tuple(kept[x] for x in places), checksum(kept), row[-1])
    found.source_rows = sum(x[0] for x in known.values())
    found.source_checksum = sum(x[1] for x in known.values())
    there: dict[Any, list[Any]] = {}
    for row in writer.stored(scope.chunk, keys):
        key = [row[names.index(x)] for x in scope.key]
        note(there, tuple(row[x] for x in places), checksum(row), key)
    found.destination_rows = sum(x[0] for x in there.values())
    found.destination_checksum = sum(x[1] for x in there.values())
    find(found, scope, known, there)
    return found


def find(found: Comparison, scope: Scope, known: dict[Any, Any], there: dict[Any, Any]) -> None:
    """Add the keys at which rows, checksum and key by what rows are found by, differ."""
    for place, (rows, total, key) in known.items():
        if place not in there:
            found.add(key, "missing")
        elif there[place][:2] != [rows, total]:
            found.add(key, "different")
    for place in there.keys() - known.keys():
        if scope.key:
            found.add(key_text(there[place][2], scope.key_types), "extra")


def note(sums: dict[Any, list[Any]], values: Row, number: int, key: Any) -> None:
    """Count a row, and its checksum, under what it is found by; without that under its checksum."""
    place = repr([plainly(x) for x in values]) if values else number
    entry = sums.setdefault(place, [0, 0, key])
    entry[0] += 1
    entry[1] += number


def checksum(row: Iterable[Any]) -> int:
    """Return a number of 64 bits that stands for a row."""
    text = repr([plainly(value) for value in row]).encode(errors="surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest())


def plainly(value: Any) -> Any:
    """Return the same for values that are equal, whatever their class."""
    if value is None or isinstance(value, str | bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, int | float | Decimal):
        try:
            return Decimal(value).as_integer_ratio()
        except (ValueError, OverflowError):
            return str(value).lower()
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, list | tuple):
        return [plainly(x) for x in value]
    if isinstance(value, dict):
        return sorted((k, plainly(x)) for k, x in value.items())
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def key_text(values: Sequence[Any], types: Sequence[str]) -> str | None:
    """Return a key as PostgreSQL would read it, an array as JSON; None if a value is null."""
    if any(x is None for x in values):
        return None
    return json.dumps(
        [_text(*x) for x in zip(values, types, strict=True)], separators=(",", ":")
    )


def _text(value: Any, kind: str) -> str:
    if isinstance(value, datetime):
        zoned = kind.endswith("with time zone")
        return str(value.replace(tzinfo=UTC) if zoned and value.tzinfo is None else value)
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    return str(value)


def _keeps(column: Column, there: Kind | None) -> bool:
    """Tell whether a column of the target keeps the values of a key as they are, and in order."""
    name, modifiers = base_type(column)
    kind = "bytes" if column.bytewise and name in _TEXTS else _KINDS.get(name)
    if there is None or kind is None:
        return False
    if there[0] != kind and not (there[0] == "utc" and kind in ("time", "zoned")):
        return False
    if name == "numeric":
        digits = (*modifiers, 0)[1] if modifiers else None
    else:
        digits = (modifiers[0] if modifiers else 6) if name.startswith("timestamp") else 0
    return there[1] is None or (digits is not None and digits <= there[1])


def places(number: Decimal) -> int:
    """Return how many digits behind the point a number needs; very many if it is none."""
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        return sys.maxsize
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return max(0, -(exponent + zeros)) if zeros < len(digits) else 0


def holds(column: Column, there: str) -> bool:
    """Tell whether a type of PostgreSQL holds each value of a column, or raises an error."""
    name, modifiers = base_type(column)
    other, limits = base_type(Column("", there))
    if column.type == there or (other in _WIDER.get(name, ("text",)) and not limits):
        return True
    if name != other:
        return False
    if name == "numeric":
        return not limits or (bool(modifiers) and (*modifiers, 0)[1] <= (*limits, 0)[1])
    lengths = name == "character varying" or name.startswith("time")
    return not limits or (lengths and bool(modifiers) and modifiers[0] <= limits[0])


def _parsed(text: str, kind: str) -> Any:
    """Read a bound of a chunk; raises ValueError."""
    if kind == "numeric":
        number = Decimal(text)
        if not number.is_finite():
            raise ValueError(text)
        return number
    if kind in _TEXTS:
        return text
    if kind == "uuid":
        return UUID(text)
    if kind == "date":
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if kind.startswith("timestamp") else int(text)


def _bounded(
    names: Sequence[str], values: Sequence[Any], beyond: str, up_to: str, last: str
) -> tuple[str, list[Any]]:
    """Return a condition that rows are on one side of a key; an index on the columns serves it."""
    if len(values) == 1:
        return f"{names[0]} {last} {HOLE}", [values[0]]
    rest, more = _bounded(names[1:], values[1:], beyond, up_to, last)
    condition = f"{names[0]} {up_to} {HOLE} and ({names[0]} {beyond} {HOLE} or ({rest}))"
    return condition, [values[0], values[0], *more]
