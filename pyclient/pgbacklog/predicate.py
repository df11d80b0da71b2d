"""Check a condition that a user wrote in SQL before it is sent anywhere.

Only what is on the lists passes: one expression over the columns of one table, of plain operators,
functions and types. What is handed on is not the text that came but what was understood of it,
written anew. The database fences it a second time, whoever sends it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pglast import ast, enums, parse_sql, parser
from pglast.stream import RawStream

from pgbacklog.errors import InvalidArgumentError

_OPERATORS = {
    "=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "||", "~~", "!~~", "~~*",
    "!~~*", "~", "~*", "!~", "!~*", "@>", "<@", "?", "?|", "?&", "->", "->>", "#>", "#>>", "&&",
}  # fmt: skip
_FUNCTIONS = {
    "lower", "upper", "length", "coalesce", "abs", "round", "floor", "ceil", "date_trunc",
    "date_part", "extract", "btrim", "ltrim", "rtrim", "left", "right", "substr", "substring",
    "starts_with", "md5", "mod", "nullif", "greatest", "least", "like_escape", "timezone",
    "position", "strpos", "replace", "char_length", "array_length", "cardinality", "jsonb_typeof",
}  # fmt: skip
_TYPES = {
    "int2", "int4", "int8", "text", "numeric", "bool", "date", "time", "timestamp", "timestamptz",
    "interval", "json", "jsonb", "uuid", "varchar", "bpchar", "float4", "float8",
}  # fmt: skip
_NODES = (
    ast.BoolExpr, ast.A_Expr, ast.A_Const, ast.ColumnRef, ast.NullTest, ast.BooleanTest,
    ast.FuncCall, ast.TypeCast, ast.TypeName, ast.CoalesceExpr, ast.CaseExpr, ast.CaseWhen,
    ast.A_ArrayExpr, ast.MinMaxExpr, ast.String, ast.Integer, ast.Float, ast.Boolean, ast.BitString,
)  # fmt: skip
_Kind = enums.A_Expr_Kind
_KINDS = {
    _Kind.AEXPR_OP, _Kind.AEXPR_OP_ANY, _Kind.AEXPR_OP_ALL, _Kind.AEXPR_IN, _Kind.AEXPR_LIKE,
    _Kind.AEXPR_ILIKE, _Kind.AEXPR_BETWEEN, _Kind.AEXPR_NOT_BETWEEN, _Kind.AEXPR_DISTINCT,
    _Kind.AEXPR_NOT_DISTINCT, _Kind.AEXPR_NULLIF,
}  # fmt: skip
_BETWEEN = {_Kind.AEXPR_BETWEEN, _Kind.AEXPR_NOT_BETWEEN}
_TOKENS = {"SQL_COMMENT", "C_COMMENT", "PARAM", "ASCII_59"}
_MOST_CHARACTERS, _MOST_NODES = 4000, 400


def checked(text: str, columns: Collection[str] | None = None) -> str:
    """Return a condition as it was understood; raises InvalidArgumentError if it is refused."""
    try:
        where = _expression(text)
    except parser.ParseError as error:
        raise _refusal(str(error)) from None
    for number, node in enumerate(_walk(where), 1):
        if number > _MOST_NODES:
            raise _refusal("it is too long")
        _check(node, columns)
    return str(RawStream()(where))


def _expression(text: str) -> Any:
    if not text.strip() or len(text) > _MOST_CHARACTERS or "\0" in text:
        raise _refusal(f"it is empty or longer than {_MOST_CHARACTERS} characters")
    for token in parser.scan(text):
        if token.name in _TOKENS:
            raise _refusal(f"it has a {token.name.replace('ASCII_59', 'semicolon').lower()}")
    # All around the condition must be read as it was written here: no "1=1) union select (1".
    found, empty = _select(f"({text}\n)"), _select("(true)")
    where, found.whereClause, empty.whereClause = found.whereClause, None, None
    if _bare(found(skip_none=True)) != _bare(empty(skip_none=True)):
        raise _refusal("it is not one expression")
    # Beside another condition it must stay one operand: no "1=1) or (1=1".
    both: Any = _select(f"null and ({text}\n)").whereClause
    if both.boolop != enums.BoolExprType.AND_EXPR or len(both.args) != 2:
        raise _refusal("its parentheses do not match")
    return where


def _select(condition: str) -> Any:
    statements = parse_sql(f"select 1 from t where {condition}")  # noqa: S608 - only parsed
    if len(statements) != 1 or not isinstance(statements[0].stmt, ast.SelectStmt):
        raise _refusal("it is not one expression")
    return statements[0].stmt


def _walk(node: Any) -> Iterator[Any]:
    todo = [node]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple | list):
            todo.extend(node)
        elif isinstance(node, ast.Node):
            yield node
            if isinstance(node, ast.A_Expr) and node.kind in _BETWEEN:
                todo += [node.lexpr, node.rexpr]  # its name is no operator
            elif not isinstance(node, ast.ColumnRef):
                todo.extend(getattr(node, slot) for slot in node)


def _check(node: Any, columns: Collection[str] | None) -> None:
    if not isinstance(node, _NODES):
        raise _refusal(f"it has a {type(node).__name__}")
    if isinstance(node, ast.ColumnRef):
        fields: Any = node.fields
        name = fields[0]
        if len(fields) != 1 or not isinstance(name, ast.String):
            raise _refusal("columns are named without their table, and not by *")
        if columns is not None and name.sval not in columns:
            raise _refusal(f"the table has no column {name.sval}")
    elif isinstance(node, ast.A_Expr):
        if node.kind not in _KINDS:
            raise _refusal(f"it has a {node.kind and node.kind.name}")
        if node.kind not in _BETWEEN:
            _among(node.name, _OPERATORS, "operator")
    elif isinstance(node, ast.FuncCall):
        _among(_of_catalog(node.funcname), _FUNCTIONS, "function")
        if any((node.agg_order, node.agg_filter, node.over, node.agg_star, node.agg_distinct,
                node.agg_within_group, node.func_variadic)):  # fmt: skip
            raise _refusal("aggregates and window functions have no place in it")
    elif isinstance(node, ast.TypeName):
        _among(_of_catalog(node.names), _TYPES, "type")
        if node.setof or node.pct_type:
            raise _refusal("it has a set type")


def _of_catalog(names: Any) -> Any:
    return names[1:] if len(names) > 1 and names[0].sval == "pg_catalog" else names


def _among(names: Any, allowed: Collection[str], what: str) -> None:
    name = ".".join(part.sval for part in names)
    if name not in allowed:
        raise _refusal(f"the {what} {name} is not among those allowed")


def _bare(value: Any) -> Any:
    """Leave out where in the text something stood."""
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if not k.endswith("location")}
    return [_bare(x) for x in value] if isinstance(value, list | tuple) else value


def _refusal(reason: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"the condition cannot be used: {reason}",
        "Write one expression over the table's columns; for joins and subqueries register a view "
        "with backlog.register_backfill_view and read that.",
    )
