"""The runner of the documentation's examples notices what it is there to notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.database import Database
from support.documents import Block, Reader, examples, matches
from support.parts import MariaDatabase

PAGE = """\
# Title

```sql
select 1 as one;
```

```text
 one
-----
   1
(1 row)
```

```sh
rm -rf /
```

```text
not an output of the block before
```

```python file=hooks.py
answer = 42
```

```console
$ python -c 'import hooks; print(hooks.answer)'
```
"""


@pytest.fixture
def reader(db: Database, tmp_path: Path) -> Reader:
    return Reader(db.dsn, tmp_path)


def test_blocks_run_and_shown_ones_do_not() -> None:
    found = examples(PAGE)

    assert [(e.block.line, e.block.language) for e in found] == [
        (3, "sql"), (22, "python"), (26, "console"),
    ]  # fmt: skip
    assert found[0].expected is not None
    assert found[1].expected is None


def test_a_page_is_run_in_one_folder(reader: Reader) -> None:
    outputs = [reader.run(example.block) for example in examples(PAGE)]

    assert matches(examples(PAGE)[0].expected or "", outputs[0])
    assert outputs[1:] == ["", "42\n"]


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("a  b\n----\n 1", "a b\n--\n1", True),
        ("id | at\n1 | ...\n(1 row)", "id | at\n1 | 2026-01-01 10:00\n(1 row)", True),
        ("1 | ...\n(1 row)", "2 | x\n(1 row)", False),
        ("5.x", "50x", False),
        ("", "unexpected", False),
    ],
)
def test_outputs_are_compared_without_layout(expected: str, actual: str, same: bool) -> None:
    assert matches(expected, actual) is same


@pytest.mark.parametrize(
    "block",
    [
        Block(1, "sql", {}, "select 1; select 1/0;"),
        Block(1, "python", {}, "raise SystemExit(1)"),
        Block(1, "console", {}, "$ false"),
        Block(1, "console", {}, "no prompt"),
    ],
    ids=["sql", "python", "console", "prompt"],
)
def test_a_failing_block_is_noticed(reader: Reader, block: Block) -> None:
    with pytest.raises(AssertionError):
        reader.run(block)


def test_null_and_several_results_are_shown_as_psql_does(reader: Reader) -> None:
    output = reader.run(Block(1, "sql", {}, "select null as a, 2 as b; select 3 as c where false;"))

    assert matches(" a | b\n---+---\n   | 2\n(1 row)\n\n c\n---\n(0 rows)", output)


def test_any_language_may_be_written_to_a_file(reader: Reader) -> None:
    page = "```toml file=settings.toml\na = 1\n```\n\n```toml\nb = 2\n```\n\n```console\n$ cat settings.toml\n```\n"
    assert [reader.run(example.block) for example in examples(page)] == ["", "a = 1\n"]


def test_blocks_for_mysql_run_there(db: Database, tmp_path: Path, mysql_db: MariaDatabase) -> None:
    reader = Reader(db.dsn, tmp_path, mysql_db)
    script = "create table t (id int primary key, note text); insert into t values (1, null); select * from t;"

    assert matches("id | note\n---\n1 | \n(1 row)", reader.run(Block(1, "sql", {"on": "mysql"}, script)))
    with pytest.raises(Exception, match="nowhere"):
        reader.run(Block(1, "sql", {"on": "mysql"}, "select * from nowhere"))
