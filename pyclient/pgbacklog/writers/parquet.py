"""Write Parquet files: one for each chunk, or for each partition of a chunk.

Below the destination's path:

    part-<run>-<chunk>.parquet, or <column>=<value>/.../part-<run>-<chunk>.parquet
    _pgbacklog/<run>/<chunk>.json   the manifest: what belongs to a chunk, its fence and receipt
    _pgbacklog/<run>/tmp/           what is being written

The names follow from run and chunk, so a chunk that is tried again replaces its own files and
nothing is there twice. A file is complete when it appears; it belongs to the data once the
manifest names it. A chunk that is written anew has another number; from the moment at which its
entry is complete the one that it replaces does not count, and is then removed. Options of the
destination: path, partition_by (a list of columns), compression (zstd, snappy, gzip, lz4, none).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pgbacklog.writers.arrow import schema_of
from pgbacklog.writers.base import (
    Batch,
    Chunk,
    Comparison,
    Fenced,
    Form,
    Job,
    Receipt,
    Refused,
    Row,
    Scope,
    Writer,
    halved,
)
from pgbacklog.writers.comparing import KEY, checksum, find, note

FOLDER = "_pgbacklog"
_NULL = "__HIVE_DEFAULT_PARTITION__"
_CODECS = ("zstd", "snappy", "gzip", "lz4", "none")
_DAY = 86_400_000_000  # microseconds
_MAX_PARTITIONS = 500  # open files of one chunk


class Parquet(Writer):
    """Bring chunks to a folder of Parquet files."""

    form: ClassVar[Form] = "arrow"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        if job.mode != "append":
            raise ValueError('files cannot be upserted: leave out "mode", or say append')
        self.root = job.path()
        self.home = self.root / FOLDER / job.run
        self.scratch = self.home / "tmp"
        self.codec = job.option("compression", *_CODECS, default="zstd")
        self.partition_by = list(job.option("partition_by", default=[]))
        whole = schema_of(job)
        for name in self.partition_by:
            if name not in whole.names:
                raise ValueError(f"partition_by names {name}, which is not copied")
        kept = [field for field in whole if field.name not in self.partition_by]
        if not kept:
            raise ValueError("a column must be left that is not in partition_by")
        self.schema = pa.schema(kept)
        self._open: dict[str, tuple[pq.ParquetWriter, Path, int]] = {}
        self._chunk: Chunk | None = None

    def open(self) -> None:
        """Make the folders."""
        self.scratch.mkdir(parents=True, exist_ok=True)

    def begin(self, chunk: Chunk) -> Receipt | None:
        """Take the chunk's fence, and remove what an attempt that died has left."""
        with self._locked():
            entry = _read(self._entry(chunk.chunk_id))
            if entry.get("receipt"):
                self._remove(chunk.replaces)
                return Receipt(**entry["receipt"])
            if entry.get("fence", 0) > chunk.fence:
                raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
            for left in entry.get("files", []):
                (self.root / left["path"]).unlink(missing_ok=True)
            for path in self.scratch.glob(f"{chunk.chunk_id}.*"):
                path.unlink(missing_ok=True)
            # Whoever might break this fence dies with the machine: no need to wait for the disk.
            _write(self._entry(chunk.chunk_id), {"fence": chunk.fence}, durable=False)
        self._chunk = chunk
        return None

    def write(self, batch: Batch) -> int:
        """Add rows to the chunk's files; raises Refused if a value does not fit."""
        table = _fitting(batch)
        for folder, rows in self._parts(table):
            writer, path, count = self._open.get(folder) or self._start(folder)
            writer.write_batch(rows)
            self._open[folder] = (writer, path, count + rows.num_rows)
        return int(table.num_rows)

    def commit(self, chunk: Chunk, receipt: Receipt) -> None:
        """Give the files their names and enter them into the manifest."""
        name = f"part-{self.job.run}-{chunk.chunk_id:08}.parquet"
        moves: list[tuple[Path, Path]] = []
        files = []
        for folder, (writer, path, count) in sorted(self._open.items()):
            writer.close()
            try:
                _sync(path)
            except FileNotFoundError:
                raise Fenced(f"chunk {chunk.chunk_id} was claimed again") from None
            target = Path(folder) / name
            moves.append((path, self.root / target))
            files.append({"path": str(target), "rows": count, "bytes": path.stat().st_size})
        self._open.clear()
        receipt.bytes = sum(path.stat().st_size for path, _ in moves)
        with self._locked():
            entry = _read(self._entry(chunk.chunk_id))
            if entry.get("fence") != chunk.fence or entry.get("receipt"):
                raise Fenced(f"chunk {chunk.chunk_id} was claimed again")
            # First what will be there, so that another attempt can remove what it does not replace.
            entry |= {"files": files}
            _write(self._entry(chunk.chunk_id), entry, durable=bool(self.partition_by))
            for path, target_path in moves:
                target_path.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target_path)
            for parent in {target_path.parent for _, target_path in moves}:
                _sync(parent)
            entry |= {"receipt": asdict(receipt)}
            if chunk.replaces is not None:
                entry |= {"replaces": chunk.replaces}
            _write(self._entry(chunk.chunk_id), entry)
            self._remove(chunk.replaces)
        self._chunk = None

    def compare(self, scope: Scope, source: Callable[[], Iterable[Batch]]) -> Comparison:
        """Compare a chunk with its files: by count and checksum, and if these differ by key."""
        found = Comparison()
        for batch in source():
            fitting, alone = _sifted(batch)
            for part in alone:  # no file can hold them
                found.source_rows += 1
                found.source_checksum += checksum(part.record(0).items())
                found.add(part.record(0)[KEY], "missing")
            for rows in fitting:
                found.source_rows += rows.num_rows
                found.source_checksum += sum(self._numbers(self._homes(rows), rows))
        for folders, rows in self._files(scope.chunk):
            found.destination_rows += rows.num_rows
            found.destination_checksum += sum(self._numbers(folders, rows))
        if not found.is_equal:
            self._find(found, scope, source)
        return found

    def _find(
        self, found: Comparison, scope: Scope, source: Callable[[], Iterable[Batch]]
    ) -> None:
        known: dict[Any, list[Any]] = {}
        for batch in source():
            for rows in _sifted(batch)[0]:  # the others are noted already
                homes = self._homes(rows)
                each = zip(
                    self._values(scope.match, homes, rows), self._numbers(homes, rows),
                    rows.column(KEY).to_pylist(), strict=True,
                )  # fmt: skip
                for values, number, key in each:
                    note(known, values, number, key)
        there: dict[Any, list[Any]] = {}
        for folders, rows in self._files(scope.chunk):
            each = zip(
                self._values(scope.match, folders, rows), self._numbers(folders, rows),
                self._values(scope.key, folders, rows), strict=True,
            )  # fmt: skip
            for values, number, key in each:
                note(there, values, number, key)
        find(found, scope, known, there)

    def _homes(self, rows: pa.RecordBatch) -> Sequence[str]:
        """Return the folder of each row."""
        folders = self._folders(rows)
        return [""] * rows.num_rows if folders is None else list(folders.to_pylist())

    def _values(
        self, names: Sequence[str], folders: Sequence[str], rows: pa.RecordBatch
    ) -> Iterator[Row]:
        """Yield the values of columns for each row, from its file or the name of its folder."""
        columns = []
        for name in names:
            if name in self.partition_by:
                place = self.partition_by.index(name)
                columns.append([unquote(x.split("/")[place].split("=", 1)[1]) for x in folders])
            else:
                columns.append(rows.column(name).to_pylist())
        yield from zip(*columns, strict=True) if columns else ((),) * len(folders)

    def _numbers(self, folders: Sequence[str], rows: pa.RecordBatch) -> Iterator[int]:
        """Yield a checksum of each row and its folder."""
        columns = [_quickly(rows.column(name)).to_pylist() for name in self.schema.names]
        for row in zip(folders, *columns, strict=True):
            text = repr(row).encode(errors="surrogatepass")
            yield int.from_bytes(blake2b(text, digest_size=8).digest())

    def _files(self, chunk: Chunk) -> Iterator[tuple[Sequence[str], pa.RecordBatch]]:
        """Yield what is in a chunk's files; rows of one that is gone or broken are not there."""
        for file in _read(self._entry(chunk.chunk_id)).get("files", []):
            folder = Path(file["path"]).parent.as_posix()
            try:
                made = pq.ParquetFile(self.root / file["path"])
                if made.schema_arrow.names != self.schema.names:
                    raise pa.ArrowInvalid(f"its columns are {made.schema_arrow.names}")
                for rows in made.iter_batches():
                    yield ["" if folder == "." else folder] * rows.num_rows, rows
            except (OSError, pa.ArrowException) as error:
                self.job.logger.warning("%s cannot be read: %s", file["path"], error)

    def rollback(self) -> None:
        """Remove what is not finished."""
        for writer, path, _ in self._open.values():
            with suppress(OSError, pa.ArrowException):  # the disk may be full: it goes anyway
                writer.close()
            path.unlink(missing_ok=True)
        self._open.clear()
        self._chunk = None

    def close(self) -> None:
        """Remove what is not finished."""
        self.rollback()

    def _parts(self, table: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        folders = self._folders(table)
        if folders is None:
            yield "", table
            return
        inner = table.select(self.schema.names)
        for code, folder in enumerate(folders.dictionary.to_pylist()):
            yield folder, inner.filter(pc.equal(folders.indices, code))

    def _folders(self, table: pa.RecordBatch) -> pa.DictionaryArray | None:
        """Return the folder of each row; None without partitions."""
        if not self.partition_by:
            return None
        names = [table.column(x).cast(pa.string()) for x in self.partition_by]
        pieces = [
            pa.array([f"{quote(key, safe='')}={_part(value)}" for value in column.to_pylist()])
            for key, column in zip(self.partition_by, names, strict=True)
        ]
        return pc.binary_join_element_wise(*pieces, "/").dictionary_encode()

    def _start(self, folder: str) -> tuple[pq.ParquetWriter, Path, int]:
        assert self._chunk is not None
        if len(self._open) >= _MAX_PARTITIONS:
            raise ValueError(
                f"one chunk has rows for more than {_MAX_PARTITIONS} partitions: "
                "use a smaller batch size, or partition by less"
            )
        path = self.scratch / f"{self._chunk.chunk_id}.{self._chunk.fence}.{len(self._open)}"
        # Decimals of up to 18 digits as numbers: quicker, and what PostgreSQL's own were read as.
        return pq.ParquetWriter(
            path, self.schema, compression=self.codec, store_decimal_as_integer=True
        ), path, 0  # fmt: skip

    def _remove(self, chunk_id: int | None) -> None:
        """Remove a chunk that was replaced, after what it had replaced itself."""
        if chunk_id is not None:
            entry = _read(self._entry(chunk_id))
            self._remove(entry.get("replaces"))
            for file in entry.get("files", []):
                (self.root / file["path"]).unlink(missing_ok=True)
            self._entry(chunk_id).unlink(missing_ok=True)

    def _entry(self, chunk_id: int) -> Path:
        return self.home / f"{chunk_id}.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.home / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _part(value: str | None) -> str:
    """Write a value as a part of a folder's name."""
    if value is None:
        return _NULL
    return quote(value, safe=" ") if value != _NULL else f"%5F{value[1:]}"


def _sifted(batch: Batch) -> tuple[list[pa.RecordBatch], list[Batch]]:
    """Return the rows that a file can hold, and the others one by one."""
    fitting: list[pa.RecordBatch] = []
    alone = [row for row, _ in halved(batch, lambda part: fitting.append(_fitting(part)))]
    return fitting, alone


def _fitting(batch: Batch) -> pa.RecordBatch:
    """Return rows as a file can hold them; raises Refused if it cannot."""
    table = batch.arrow
    for field, column in zip(table.schema, table.columns, strict=True):
        if not field.nullable and column.null_count:
            raise Refused(f"column {field.name} is not null, but holds a null", "23502")
        if pa.types.is_time64(field.type):
            last = pc.max(column.view(pa.int64())).as_py()
            if last is not None and last >= _DAY:
                raise Refused(f"column {field.name} cannot hold the time 24:00:00", "22008")
    return table


def _quickly(column: pa.Array) -> pa.Array:
    """Return a column of types that become Python's at once; equal values stay equal."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        return column.view(pa.int64())
    if pa.types.is_date32(kind):
        return column.view(pa.int32())
    return column.cast(pa.string()) if pa.types.is_decimal(kind) else column


def manifest(path: Path, run: str | None = None) -> list[dict[str, Any]]:
    """Return the files that belong to the data, with their rows and bytes, in order of chunks."""
    entries = [
        (entry, _read(entry)) for entry in (path / FOLDER).glob(f"{run or '*'}/*.json")
    ]  # fmt: skip
    replaced = {
        (path.parent, entry.get("replaces")) for path, entry in entries if entry.get("receipt")
    }  # fmt: skip
    entries = [x for x in entries if (x[0].parent, int(x[0].stem)) not in replaced]
    entries.sort(key=lambda found: (found[0].parent.name, int(found[0].stem)))
    return [file for _, entry in entries if entry.get("receipt") for file in entry["files"]]


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def _write(path: Path, entry: dict[str, Any], durable: bool = True) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(entry, file, default=str)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    fresh.replace(path)
    if durable:
        _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
