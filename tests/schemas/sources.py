"""Expressions by chance, over a few names."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES: dict[str, Any] = {
    "a": 7,
    "b": -2.5,
    "t": "Leith",
    "n": None,
    "rows": [{"id": "x", "n": 1}, {"id": "y", "n": None}, {"id": "x", "n": 3}],
    "row": {"id": "x", "n": 1, "tags": ["p", "q"]},
}

_atoms = st.one_of(
    st.sampled_from([*NAMES, "row.id", "row.n", "row.tags", "row.missing", 'row["n"]', "rows[0]", "rows[-1].n"]),
    st.integers(-20, 20).map(str),
    st.sampled_from(["1.5", "1e300", "9223372036854775807", "True", "False", "None", "'text'", "''", "[]", "{}"]),
)
_operators = st.sampled_from(
    ["+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "and", "or"]
)
_unary = st.sampled_from(
    [
        *("len", "sum", "min", "max", "round", "abs", "sorted", "any", "all", "int", "float", "str", "bool", "lower"),
        *(
            "upper",
            "strip",
            "unique",
            "flatten",
            "mean",
            "first",
            "last",
            "keys",
            "values",
            "enumerate",
            "zip",
            "merge",
        ),
        *("join", "split", "date", "utc", "later", "range", "not ", "-", "group"),
    ]
)


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, _operators, inner).map(lambda found: f"({found[0]} {found[1]} {found[2]})"),
        st.tuples(_unary, inner).map(lambda found: f"({found[0]}({found[1]}))"),
        st.tuples(inner, inner, inner).map(lambda found: f"({found[0]} if {found[1]} else {found[2]})"),
        st.tuples(inner, inner).map(lambda found: f"[{found[0]}, {found[1]}]"),
        st.tuples(inner, inner).map(lambda found: f"({found[0]}, {found[1]})"),
        st.tuples(inner, inner).map(lambda found: f"{{{found[0]}: {found[1]}}}"),
        st.tuples(inner, inner).map(lambda found: f"[{found[0]} for x in {found[1]} if x]"),
        st.tuples(inner, inner).map(lambda found: f"{{str(x): {found[0]} for x in {found[1]}}}"),
        inner.map(lambda found: f"f'-{{ {found} }}-'" if not set(found) & set("'\"\\") else found),
        st.tuples(inner, inner).map(lambda found: f"{found[0]}[{found[1]}]"),
    )


sources = st.recursive(_atoms, _grow, max_leaves=10)
