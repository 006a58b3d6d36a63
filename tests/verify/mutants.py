"""Mutants of the fast calculation: one comparison, bound or order flipped at a time; the plain one must notice each.

    python -m tests.verify.mutants [FIRST:LAST] [--all]

Each mutant is the module's source with one place changed. Its functions' code takes the place of theirs in this process,
the fixed months are settled, and the result is compared with what the plain calculation says of them. What no month tells
apart is printed, unless it stands in equivalent.yaml with the reason why nothing can tell it apart.
"""

from __future__ import annotations

import ast
import copy
import functools
import importlib
import sys
import types
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from ruamel.yaml import YAML

from disburse.settlement import settle
from disburse.verify.plain import Recalculated, recalculate
from tests.rules.test_cases import inputs, worked_cases
from tests.verify.both import apart
from tests.verify.drawn import Drawn, month

MODULES: dict[str, tuple[str, ...]] = {
    **{f"disburse.rules.{each}": () for each in ("validity", "eligibility", "questions", "days", "entitlement", "limits", "duplication", "budget")},
    "disburse.settlement": (),
    "disburse.case": (),
    "disburse.money": ("round_down", "times", "share"),
    "disburse.policy.values": ("Dated.holds", "in_force"),
    "disburse.policy.model": ("Measure.ceiling_on", "Policy.may_stack"),
}  # fmt: skip
"""What is mutated: the modules of the fast calculation, and of others the functions it lives on (all where none is named)."""

EQUIVALENT = Path(__file__).with_name("equivalent.yaml")
DRAWN = 300
"""How many months are drawn, besides the worked cases."""

FLIPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.And: (ast.Or,), ast.Or: (ast.And,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,),
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.FloorDiv: (ast.Mult,), ast.Mult: (ast.FloorDiv,),
}  # fmt: skip
SWAPS = {"min": "max", "max": "min", "any": "all", "all": "any", "isna": "notna", "notna": "isna"}
BOUNDS = {"min", "max"}
ORDERS = {"sorted", "sort_values"}


@dataclass(frozen=True)
class Mutant:
    """`what` was done in `function` at a line of a module; the line as it stands names it across edits elsewhere."""

    module: str
    function: str
    line: int
    text: str
    what: str
    again: int
    """Which of several alike on one line."""
    tree: ast.Module

    @property
    def name(self) -> str:
        again = f" ({self.again})" if self.again > 1 else ""
        return f"{self.where}: {self.text} → {self.what}{again}"

    @property
    def where(self) -> str:
        return f"{self.module.rsplit('.', 1)[-1]}.{self.function}"


def mutants(name: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    module = importlib.import_module(name)
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    lines = source.splitlines()
    tree = ast.parse(source)
    places = [node for node in ast.walk(tree) if hasattr(node, "lineno")]
    alike: Counter[tuple[int, str]] = Counter()
    functions = [node for node in places if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    for at, node in enumerate(places):
        around = [each for each in functions if each.lineno <= node.lineno <= (each.end_lineno or 0)]
        outer = [each for each in around if isinstance(each, ast.FunctionDef)]
        if not outer:
            continue
        function = ".".join(each.name for each in around)
        if MODULES[name] and function not in MODULES[name]:
            continue
        for number, (what, _) in enumerate(changes(node)):
            mutated = copy.deepcopy(tree)
            twin = [each for each in ast.walk(mutated) if hasattr(each, "lineno")][at]
            changes(twin)[number][1]()
            ast.fix_missing_locations(mutated)
            key = (node.lineno, what)
            alike[key] += 1
            yield Mutant(name, function, node.lineno, lines[node.lineno - 1].strip(), what, alike[key], mutated)


def changes(node: ast.AST) -> list[tuple[str, Any]]:
    """What may be done to one node: words for it, and the doing."""
    found: list[tuple[str, Any]] = []
    if isinstance(node, ast.Compare):
        for i, operator in enumerate(node.ops):
            for other in FLIPS.get(type(operator), ()):
                found.append(
                    (f"{_word(operator)} becomes {other.__name__}", functools.partial(node.ops.__setitem__, i, other()))
                )
    elif isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign):
        for other in FLIPS.get(type(node.op), ()):
            found.append(
                (f"{_word(node.op)} becomes {other.__name__}", functools.partial(setattr, node, "op", other()))
            )
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert | ast.USub):
        found.append((f"{_word(node.op)} dropped", functools.partial(_become, node, node.operand)))
    elif isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        other = (not node.value) if isinstance(node.value, bool) else node.value + 1
        found.append((f"{node.value} becomes {other}", functools.partial(setattr, node, "value", other)))
    elif isinstance(node, ast.Call):
        found += _calls(node)
    return found


def _calls(node: ast.Call) -> list[tuple[str, Any]]:
    called = (
        node.func.id
        if isinstance(node.func, ast.Name)
        else node.func.attr
        if isinstance(node.func, ast.Attribute)
        else ""
    )
    found: list[tuple[str, Any]] = []
    if called in SWAPS:
        found.append(
            (
                f"{called} becomes {SWAPS[called]}",
                functools.partial(
                    setattr, node.func, "id" if isinstance(node.func, ast.Name) else "attr", SWAPS[called]
                ),
            )
        )
    if called in BOUNDS and isinstance(node.func, ast.Name):
        found += [
            (f"{called} gives its argument {i}", functools.partial(_become, node, each))
            for i, each in enumerate(node.args)
            if len(node.args) > 1
        ]
    if called in ORDERS:
        plain = node.args[0] if isinstance(node.func, ast.Name) else node.func.value  # type: ignore[union-attr]
        found.append((f"{called} dropped", functools.partial(_become, node, plain)))
        upside = (
            ast.keyword("reverse", ast.Constant(True))
            if called == "sorted"
            else ast.keyword("ascending", ast.Constant(False))
        )
        found.append((f"{called} reversed", functools.partial(node.keywords.append, upside)))
    return found


def _word(operator: ast.AST) -> str:
    return type(operator).__name__


def _become(node: ast.AST, other: ast.AST) -> None:
    """Turn the node into another in its place."""
    keep = {name: getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")}
    node.__class__ = other.__class__  # type: ignore[assignment]
    node.__dict__ = {**other.__dict__, **keep}


@contextmanager
def instead(mutant: Mutant) -> Iterator[None]:
    """The mutant's code in the place of the module's own, function by function, whoever has imported them."""
    module = sys.modules[mutant.module]
    made = types.ModuleType(mutant.module)
    made.__dict__.update(__file__=module.__file__, __package__=module.__package__)
    real = sys.modules[mutant.module]
    try:
        exec(compile(mutant.tree, str(module.__file__), "exec"), made.__dict__)
    finally:
        sys.modules[mutant.module] = real
    pairs = [(old, new) for old, new in _functions(module, made) if old.__code__ != new.__code__]
    kept = [(old, old.__code__) for old, _ in pairs]
    for old, new in pairs:
        old.__code__ = new.__code__
    try:
        yield
    finally:
        for old, code in kept:
            old.__code__ = code


def _functions(one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    for name, value in vars(one).items():
        twin = vars(other).get(name)
        old, new = _bare(value), _bare(twin)
        if isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
            yield old, new
        elif isinstance(value, type) and value.__module__ == getattr(one, "__name__", "") and twin is not None:
            yield from _functions_of_class(value, twin)


def _functions_of_class(one: type, other: type) -> Iterator[tuple[Any, Any]]:
    for name, value in vars(one).items():
        old, new = _bare(value), _bare(vars(other).get(name))
        if isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
            yield old, new


def _bare(value: Any) -> Any:
    """The function behind a property, a class method, a cache."""
    for name in ("fget", "func", "__func__", "__wrapped__"):
        value = getattr(value, name, None) or value
    return value


@functools.cache
def months(drawn: int) -> list[tuple[Drawn, Recalculated]]:
    """The worked cases and `drawn` months, with what the plain calculation says of each."""
    given = [inputs(case.values[0]) for case in worked_cases()]
    given += [month(Random(seed)) for seed in range(drawn)]
    return [(each, recalculate(*each)) for each in given]


def caught(mutant: Mutant, drawn: int = DRAWN, first: tuple[int, ...] = ()) -> int | None:
    """The number of the first month that tells the mutant from the plain calculation; None where none does."""
    every = months(drawn)
    with instead(mutant):
        for number in dict.fromkeys([*(each for each in first if each < len(every)), *range(len(every))]):
            given, plain = every[number]
            try:
                if apart(settle(*given), plain):
                    return number
            except Exception:  # noqa: BLE001 – a mutant that breaks is caught
                return number
    return None


def equivalent() -> dict[str, str]:
    """Names of mutants, and of functions all of whose mutants, nothing here can tell apart → why."""
    listed = YAML(typ="safe", pure=True).load(EQUIVALENT.read_text(encoding="utf-8")) or []
    return {name: each["why"] for each in listed for name in (*each.get("mutants", ()), *each.get("functions", ()))}


def main(arguments: list[str]) -> int:
    known = equivalent()
    told: dict[int, int] = {}
    left, every = [], [mutant for name in MODULES for mutant in mutants(name)]
    span = next((word for word in arguments if ":" in word), ":")
    first, last = (int(word) if word else None for word in span.split(":"))
    for mutant in every[first:last]:
        if mutant.name in known or mutant.where in known:
            continue
        best = sorted(told, key=lambda each: -told[each])
        number = caught(mutant, first=tuple(best))
        if number is None:
            left.append(mutant)
            print(f"not caught: {mutant.name}  ({mutant.module}:{mutant.line})", flush=True)
        else:
            told[number] = told.get(number, 0) + 1
    print(f"{len(every[first:last])} mutants, {len(left)} not caught, {len(known)} known to be equivalent")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
