"""Write Parquet files: one for each chunk, or for each partition of a chunk.

Below the destination's path:

    part-<run>-<chunk>.parquet, or <column>=<value>/.../part-<run>-<chunk>.parquet
    _pgbacklog/<run>/<chunk>.json   the manifest: what belongs to a chunk, its fence and receipt
    _pgbacklog/<run>/tmp/           what is being written

The names follow from run and chunk, so a chunk that is tried again replaces its own files and
nothing is there twice. A file is complete when it appears; it belongs to the data once the
manifest names it. Options of the destination: path, partition_by (a list of columns), compression
(zstd, snappy, gzip, lz4, none).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pgbacklog.writers.arrow import schema_of
from pgbacklog.writers.base import Batch, Chunk, Fenced, Form, Job, Receipt, Writer

FOLDER = "_pgbacklog"
_NULL = "__HIVE_DEFAULT_PARTITION__"
_CODECS = ("zstd", "snappy", "gzip", "lz4", "none")
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
        table = batch.arrow
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
            _write(self._entry(chunk.chunk_id), entry | {"receipt": asdict(receipt)})
        self._chunk = None

    def differing(self, chunk: Chunk, batches: Iterable[Batch]) -> int:
        """Count the rows that are not in the chunk's files, and those that are but should not."""
        found: Counter[bytes] = Counter()
        for file in _read(self._entry(chunk.chunk_id)).get("files", []):
            for rows in pq.ParquetFile(self.root / file["path"]).iter_batches():
                found.update(_hashes(rows))
        for batch in batches:
            found.subtract(_hashes(batch.arrow.select(self.schema.names)))
        more = sum(x for x in found.values() if x > 0)
        return max(more, more - sum(found.values()))

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
        if not self.partition_by:
            yield "", table
            return
        names = [pc.fill_null(table.column(x).cast(pa.string()), _NULL) for x in self.partition_by]
        pieces = [
            pa.array([f"{quote(key)}={quote(value, safe=' ')}" for value in column.to_pylist()])
            for key, column in zip(self.partition_by, names, strict=True)
        ]
        folders = pc.binary_join_element_wise(*pieces, "/").dictionary_encode()
        inner = table.select(self.schema.names)
        for code, folder in enumerate(folders.dictionary.to_pylist()):
            yield folder, inner.filter(pc.equal(folders.indices, code))

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

    def _entry(self, chunk_id: int) -> Path:
        return self.home / f"{chunk_id}.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.home / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _hashes(rows: pa.RecordBatch) -> Iterator[bytes]:
    """Return a short hash of each row."""
    for row in zip(*(column.cast(pa.binary()) if pa.types.is_string(column.type) else column
                     for column in rows.columns), strict=True):  # fmt: skip
        yield blake2b(repr([x.as_py() for x in row]).encode(), digest_size=12).digest()


def manifest(path: Path, run: str | None = None) -> list[dict[str, Any]]:
    """Return the files that belong to the data, with their rows and bytes, in order of chunks."""
    entries = [
        (entry, _read(entry)) for entry in (path / FOLDER).glob(f"{run or '*'}/*.json")
    ]  # fmt: skip
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
