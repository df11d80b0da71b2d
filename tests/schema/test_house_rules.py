"""House rules as questions to the catalog: each test is named after its rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from pgbacklog import schema

from support.database import Cluster

LONGEST_FUNCTION = 80

FUNCTIONS = """
  select p.oid::regprocedure::text as name, p.proname, p.prosrc, p.prosecdef, p.proconfig,
    p.proargnames, p.proargmodes, p.proacl, p.proowner, l.lanname,
    p.pronamespace::regnamespace::text as namespace,
    coalesce(p.prosrc, '') || coalesce(pg_get_function_sqlbody(p.oid), '') as body,
    obj_description(p.oid, 'pg_proc') as manual
  from pg_proc as p
  join pg_language as l on l.oid = p.prolang
  where p.pronamespace::regnamespace::text in ('backlog', 'backlog_internal')
  order by 1
"""
# The migration tool's own tables follow its own rules.
RELATIONS = """
  select c.oid, c.oid::regclass::text as name, c.relkind, c.relacl, c.relowner,
    c.relnamespace::regnamespace::text as namespace, obj_description(c.oid, 'pg_class') as manual
  from pg_class as c
  where c.relnamespace::regnamespace::text in ('backlog', 'backlog_internal')
    and c.relkind in ('r', 'p', 'v', 'm')
    and not c.relispartition
    and c.relname !~ '^_?yoyo_'
  order by 1
"""


@pytest.fixture(scope="module")
def conn(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a schema as shipped, that is, with the real clock."""
    with cluster.database() as database:
        schema.migrate(database.dsn)
        conn = database.connect(row_factory=psycopg.rows.namedtuple_row)
        conn.execute("set search_path = pg_catalog, pg_temp")
        yield conn


@pytest.fixture(scope="module")
def functions(conn: psycopg.Connection[Any]) -> list[Any]:
    """Every function of both schemas."""
    return conn.execute(FUNCTIONS).fetchall()


@pytest.fixture(scope="module")
def relations(conn: psycopg.Connection[Any]) -> list[Any]:
    """Every table and view of both schemas."""
    return conn.execute(RELATIONS).fetchall()


def code(text: str) -> str:
    """Return source text without comments."""
    return re.sub(r"--[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def names(found: list[Any]) -> list[str]:
    """Return the names of rows."""
    return [row.name for row in found]


def test_the_public_schema_holds_functions_and_views_only(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        "select c.relname as name from pg_class as c "
        "where c.relnamespace = 'backlog'::regnamespace and c.relkind <> 'v'"
    ).fetchall()
    assert names(found) == []


def test_every_manual_begins_with_a_verb_sentence(
    functions: list[Any], relations: list[Any]
) -> None:
    """An imperative: "Put ...", not "Puts ..." or "The ..."; ended by a full stop."""
    first = re.compile(r"^(?!(?:The|This|An?|It|Function|View|[A-Z][a-z]*[^s]s) )[A-Z][a-z]+ .+\.$")
    manuals = [*functions, *(each for each in relations if each.relkind == "v")]
    assert [
        (each.name, each.manual)
        for each in manuals
        if not first.match((each.manual or "").split("\n\n")[0].replace("\n", " "))
    ] == []


def test_every_table_and_every_column_has_a_comment(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        f"""
        select r.name || coalesce('.' || a.attname, '') as name
        from ({RELATIONS}) as r
        left join pg_attribute as a
          on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
        where (r.namespace = 'backlog' or r.relkind in ('r', 'p'))
          and (r.manual is null or col_description(r.oid, a.attnum) is null)
        """
    ).fetchall()
    assert names(found) == []


def test_every_plpgsql_function_pins_the_search_path(functions: list[Any]) -> None:
    assert [
        each.name
        for each in functions
        if (each.lanname == "plpgsql" or each.prosecdef)
        and "search_path=pg_catalog, pg_temp" not in (each.proconfig or [])
    ] == []


def test_who_forbids_a_plan_forbids_compilation_too(functions: list[Any]) -> None:
    """A plan that cannot do without costs ten billions, which makes the server compile it each time."""
    assert [
        each.name
        for each in functions
        if any(x.startswith("enable_") for x in each.proconfig or [])
        and "jit=off" not in each.proconfig
    ] == []


def test_there_are_no_overloads(functions: list[Any]) -> None:
    seen = [(each.namespace, each.proname) for each in functions]
    assert sorted(seen) == sorted(set(seen))


def test_arguments_begin_with_p(functions: list[Any]) -> None:
    """What a function returns is named like a column; what it is given begins with p_."""
    assert [
        (each.name, name)
        for each in functions
        for position, name in enumerate(each.proargnames or [])
        if (each.proargmodes[position] if each.proargmodes else "i") in ("i", "b", "v")
        and not name.startswith("p_")
    ] == []


def test_security_definer_only_in_the_public_schema(functions: list[Any]) -> None:
    assert [
        each.name for each in functions if each.prosecdef and each.namespace != "backlog"
    ] == []


def test_every_public_function_is_a_door(functions: list[Any]) -> None:
    """Roles have no rights on tables, so a public function works with its owner's rights.

    What runs a user's own function, or SQL that the caller brings, must lend it no rights but the caller's.
    """
    invoked = {"call_sql_hook", "run_sql_hook", "run_sql_hooks", "unreadable_rows"}
    assert {
        each.proname for each in functions if each.namespace == "backlog" and not each.prosecdef
    } == invoked


def test_nothing_is_open_to_everybody(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        f"""
        select o.name
        from (
          select f.name, f.proacl as acl, f.proowner as owner, 'f' as type from ({FUNCTIONS}) as f
          union all
          select r.name, r.relacl, r.relowner, 'r' from ({RELATIONS}) as r
          union all
          select n.nspname, n.nspacl, n.nspowner, 'n' from pg_namespace as n
          where n.nspname in ('backlog', 'backlog_internal')
        ) as o
        cross join lateral aclexplode(coalesce(o.acl, acldefault(o.type::"char", o.owner))) as a
        where a.grantee = 0
        """
    ).fetchall()
    assert names(found) == []


def test_no_role_has_a_right_on_a_table(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        f"""
        select format('%s to %s', r.name, a.grantee::regrole) as name
        from ({RELATIONS}) as r
        cross join lateral aclexplode(r.relacl) as a
        where r.relkind in ('r', 'p') and a.grantee <> r.relowner
        """
    ).fetchall()
    assert names(found) == []


def test_every_public_function_and_view_is_granted_to_a_role(
    functions: list[Any], relations: list[Any]
) -> None:
    public = [each for each in functions if each.namespace == "backlog"]
    assert [each.name for each in public if not re.search("backlog_", str(each.proacl))] == []
    views = [each for each in relations if each.namespace == "backlog"]
    assert [each.name for each in views if not re.search("backlog_", str(each.relacl))] == []


def test_readers_of_a_view_may_run_its_functions(conn: psycopg.Connection[Any]) -> None:
    """A view runs its functions with the reader's rights, unlike its tables."""
    found = conn.execute(
        """
        select format('%s calls %s, which %s may not', r.ev_class::regclass,
          p.oid::regprocedure, a.grantee::regrole) as name
        from pg_rewrite as r
        join pg_class as c on c.oid = r.ev_class and c.relnamespace = 'backlog'::regnamespace
        join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
          and d.refclassid = 'pg_proc'::regclass
        join pg_proc as p on p.oid = d.refobjid
          and p.pronamespace::regnamespace::text in ('backlog', 'backlog_internal')
        cross join lateral aclexplode(c.relacl) as a
        where not has_function_privilege(a.grantee, p.oid, 'execute')
        """
    ).fetchall()
    assert names(found) == []


def test_the_time_is_read_in_one_place(functions: list[Any]) -> None:
    pattern = re.compile(
        r"\b(clock_timestamp|statement_timestamp|transaction_timestamp|now|timeofday)\s*\("
        r"|\b(current_timestamp|current_date|current_time|localtime(stamp)?)\b", re.I
    )
    found = [each.name for each in functions if pattern.search(code(each.body))]
    assert found == ["backlog_internal.clock()"]


def test_views_do_not_read_the_time_either(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        """
        select c.oid::regclass::text as name
        from pg_class as c
        where c.relkind = 'v'
          and c.relnamespace::regnamespace::text in ('backlog', 'backlog_internal')
          and pg_get_viewdef(c.oid)
            ~* '(\\mnow\\(|clock_timestamp\\(|current_timestamp|current_date)'
        """
    ).fetchall()
    assert names(found) == []


def test_notifications_are_sent_from_one_place(functions: list[Any]) -> None:
    pattern = re.compile(r"pg_notify|^\s*notify\s", re.I | re.M)
    found = [each.name for each in functions if pattern.search(code(each.body))]
    assert found == ["backlog_internal.announce(text)"]


def test_every_error_that_is_raised_is_listed_and_the_reverse(
    conn: psycopg.Connection[Any], functions: list[Any]
) -> None:
    listed = {row.code for row in conn.execute("select code from backlog.error_codes")}
    pattern = re.compile(r"'(PB\d{3})'")
    raised = {each for row in functions for each in pattern.findall(code(row.body))}
    assert raised - listed == set()
    assert listed - raised == set()


def test_manuals_name_listed_errors_only(
    conn: psycopg.Connection[Any], functions: list[Any]
) -> None:
    listed = {row.code for row in conn.execute("select code from backlog.error_codes")}
    pattern = re.compile(r"\bPB\d{3}\b")
    assert [
        each.name for each in functions if set(pattern.findall(each.manual or "")) - listed
    ] == []


def test_every_error_has_a_hint(functions: list[Any]) -> None:
    """`raise exception using errcode = ..., message = ..., hint = ...`, and nothing shorter."""
    statement = re.compile(r"raise\s+exception\b(.*?);\s*$", re.I | re.S | re.M)
    assert [
        (each.name, " ".join(found.split()))
        for each in functions
        for found in statement.findall(code(each.prosrc))
        if not all(word in found.lower() for word in ("errcode", "message", "hint"))
    ] == []


def test_no_error_is_swallowed(functions: list[Any]) -> None:
    """Who catches any error passes its text on."""
    handler = re.compile(r"when\s+others\s+then(.*?)(?:\bend;|\bwhen\s)", re.I | re.S)
    assert [
        each.name
        for each in functions
        for found in handler.findall(code(each.prosrc))
        if not re.search(r"sqlerrm|message_text", found, re.I)
    ] == []


def test_every_foreign_key_has_an_index(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute(
        """
        select format('%s on %s', k.conname, k.conrelid::regclass) as name
        from pg_constraint as k
        join pg_class as c on c.oid = k.conrelid
        where k.contype = 'f'
          and c.relnamespace::regnamespace::text in ('backlog', 'backlog_internal')
          and not c.relispartition
          and not exists (
            select
            from pg_index as i
            where i.indrelid = k.conrelid
              and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
              -- Rows without a parent need not be found by it.
              and coalesce(pg_get_expr(i.indpred, i.indrelid), '') in ('', (
                select format('(%I IS NOT NULL)', a.attname)
                from pg_attribute as a
                where a.attrelid = k.conrelid and a.attnum = k.conkey[1]
              ))
          )
        """
    ).fetchall()
    assert names(found) == []


def test_keys_are_bigint_or_names(conn: psycopg.Connection[Any]) -> None:
    """A key of 32 bits runs out, unless it numbers what somebody configured.

    See .squawk.toml, which leaves this to us.
    """
    found = conn.execute(
        f"""
        select r.name || '.' || a.attname as name
        from ({RELATIONS}) as r
        join pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
        where (a.attidentity <> '' or a.attname ~ '(^id|_id)$')
          and r.relkind in ('r', 'p')
          and a.atttypid in ('int2'::regtype, 'int4'::regtype)
          and a.attname not in ('lane_id', 'gate_id', 'failure_rule_id')
        """
    ).fetchall()
    assert names(found) == []


def test_constraints_say_what_they_promise(conn: psycopg.Connection[Any]) -> None:
    """A name that PostgreSQL made up ends in _check or _fkey1 and tells nobody anything."""
    found = conn.execute(
        """
        select format('%s on %s', k.conname, k.conrelid::regclass) as name
        from pg_constraint as k
        join pg_class as c on c.oid = k.conrelid
        where k.contype = 'c'
          and c.relnamespace::regnamespace::text in ('backlog', 'backlog_internal')
          and not c.relispartition
          and k.conname ~ '_check\\d*$'
        """
    ).fetchall()
    assert names(found) == []


def test_no_table_depends_on_a_function_of_ours(conn: psycopg.Connection[Any]) -> None:
    """Functions are loaded anew with every release; a default or check on one would block that."""
    found = conn.execute(
        """
        select pg_describe_object(d.classid, d.objid, d.objsubid) as name
        from pg_depend as d
        join pg_proc as p on p.oid = d.refobjid and d.refclassid = 'pg_proc'::regclass
        where p.pronamespace::regnamespace::text in ('backlog', 'backlog_internal')
          and d.classid in ('pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_class'::regclass)
        """
    ).fetchall()
    assert names(found) == []


def test_functions_are_short(functions: list[Any]) -> None:
    def lines(source: str) -> int:
        return len([line for line in source.splitlines() if line.strip()])

    too_long = {each.name: lines(each.body) for each in functions
                if lines(each.body) > LONGEST_FUNCTION}
    assert too_long == {}


def test_there_are_no_extensions(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute("select e.extname as name from pg_extension as e").fetchall()
    assert names(found) == ["plpgsql"]
