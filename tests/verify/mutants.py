"""Mutants of the fast calculation: one comparison, bound or order flipped at a time; the plain one must notice each.

    python -m tests.verify.mutants [FIRST:LAST]

Each mutant is the module's source with one place changed. Its functions' code takes the place of theirs in this process,
the fixed months are settled, and the result is compared with what the plain calculation says of them. What no month tells
apart is printed, unless it stands in equivalent.yaml with the reason why nothing can tell it apart.
"""

from __future__ import annotations

import ast
import importlib
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
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
    "disburse.case": ("Case.paid_before", "Case.balances"),
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
ORDERS = {"sorted": "reverse", "sort_values": "ascending"}
"""What sorts, and the argument that turns it round."""
SAFE = {"strict", "sort", "copy", "ignore_index", "drop"}
"""Arguments that change no result: lengths are asked to be equal, groups come in another order, labels no one reads."""
WORDS = {"say", "money", "masked", "listed", "among", "words"}
"""Calls that only make the words of a finding; so do texts with values in them, and what is assigned to `values`."""


@dataclass(frozen=True)
class Mutant:
    """What was done to one place of a module. The line's text names it, so that edits elsewhere do not."""

    module: str
    function: str
    line: int
    text: str
    what: str
    again: int
    """Which of several alike on one line."""
    place: int
    number: int

    @property
    def name(self) -> str:
        return f"{self.where}: {self.text} → {self.what}" + (f" ({self.again})" if self.again > 1 else "")

    @property
    def where(self) -> str:
        return f"{self.module.rsplit('.', 1)[-1]}.{self.function}"

    @cached_property
    def made(self) -> types.ModuleType:
        """The module with the place changed."""
        tree = ast.parse(_source(self.module))
        changes(_places(tree)[self.place])[self.number][1]()
        made = types.ModuleType(self.module)
        exec(compile(ast.fix_missing_locations(tree), self.module, "exec"), made.__dict__)
        return made


def mutants(name: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    lines = _source(name).splitlines()
    places = _places(ast.parse(_source(name)))
    functions = [node for node in places if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    safe = {id(each.value) for node in places for each in getattr(node, "keywords", ()) if each.arg in SAFE}
    safe |= {id(each) for node in places if _said(node) for each in ast.walk(node)}
    alike: Counter[tuple[int, str]] = Counter()
    for place, node in enumerate(places):
        around = [each for each in functions if each.lineno <= node.lineno <= (each.end_lineno or 0)]
        function = ".".join(each.name for each in around)
        inside = any(isinstance(each, ast.FunctionDef) for each in around)
        if id(node) in safe or not inside or (MODULES[name] and function not in MODULES[name]):
            continue
        for number, (what, _) in enumerate(changes(node)):
            alike[node.lineno, what] += 1
            text = lines[node.lineno - 1].strip()
            yield Mutant(name, function, node.lineno, text, what, alike[node.lineno, what], place, number)


@cache
def _source(name: str) -> str:
    return Path(str(importlib.import_module(name).__file__)).read_text(encoding="utf-8")


def _places(tree: ast.Module) -> list[Any]:
    """The nodes that stand at a line, without the types of arguments and results, which calculate nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return [node for node in ast.walk(tree) if hasattr(node, "lineno")]


def _said(node: ast.AST) -> bool:
    """Words, which the comparison does not look at."""
    match node:
        case ast.JoinedStr():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in WORDS
        case ast.Assign(targets=[ast.Name(id="values")]):
            return True
    return False


Change = tuple[str, Callable[[], object]]
"""Words for what may be done to a node, and the doing."""


def changes(node: ast.AST) -> list[Change]:
    """All that may be done to one node."""
    found: list[Change] = []
    if isinstance(node, ast.Compare):
        for i, operator in enumerate(node.ops):
            found += [(_to(operator, other), partial(node.ops.__setitem__, i, other())) for other in _flips(operator)]
    elif isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign):
        found += [(_to(node.op, other), partial(setattr, node, "op", other())) for other in _flips(node.op)]
    elif isinstance(node, ast.UnaryOp):
        found.append((f"{type(node.op).__name__} dropped", partial(_become, node, node.operand)))
    elif isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        other = not node.value if isinstance(node.value, bool) else node.value + 1
        found.append((f"{node.value} becomes {other}", partial(setattr, node, "value", other)))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        found += _of_call(node, node.func.id, "id", node.args)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        found += _of_call(node, node.func.attr, "attr", [node.func.value])
    return found


def _of_call(node: ast.Call, called: str, name: str, given: list[ast.expr]) -> Iterator[Change]:
    """A call by its name: another name, a bound dropped, an order dropped or turned round. given: what it is called on."""
    if called in SWAPS:
        yield f"{called} becomes {SWAPS[called]}", partial(setattr, node.func, name, SWAPS[called])
    if called in ("min", "max") and len(given) > 1:
        for each in given:
            yield f"{called} gives {ast.unparse(each)}", partial(_become, node, each)
    if called in ORDERS:
        turned = ast.keyword(ORDERS[called], ast.Constant(called == "sorted"))
        yield f"{called} dropped", partial(_become, node, given[0])
        yield f"{called} reversed", partial(node.keywords.append, turned)


def _flips(operator: ast.AST) -> tuple[type[ast.AST], ...]:
    return FLIPS.get(type(operator), ())


def _to(operator: ast.AST, other: type[ast.AST]) -> str:
    return f"{type(operator).__name__} becomes {other.__name__}"


def _become(node: ast.AST, other: ast.AST) -> None:
    """Turn the node into another in its place."""
    keep = {name: getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")}
    node.__class__ = other.__class__  # type: ignore[assignment]
    node.__dict__ = {**other.__dict__, **keep}


@contextmanager
def instead(mutant: Mutant) -> Iterator[None]:
    """The mutant's code in the place of the module's own, function by function, whoever has imported them."""
    both = _functions(importlib.import_module(mutant.module), mutant.made)
    pairs = [(old, new) for old, new in both if old.__code__ != new.__code__]
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


@cache
def settled_plainly(name: str) -> tuple[Drawn, Recalculated]:
    """A month by name, and what the plain calculation says of it."""
    kind, _, which = name.partition(" ")
    given = month(Random(int(which))) if kind == "seed" else inputs(_worked()[which])
    return given, recalculate(*given)


@cache
def _worked() -> dict[str, dict[str, Any]]:
    return {str(case.id): case.values[0] for case in worked_cases()}


def caught(mutant: Mutant, drawn: int = DRAWN, first: Iterable[str] = ()) -> str:
    """The first month that tells the mutant from the plain calculation; "" if none does.

    Tried are those named `first`, `drawn` months drawn at random, and the worked cases.
    """
    every = [*first, *(f"seed {seed}" for seed in range(drawn)), *(f"case {name}" for name in _worked())]
    for name in dict.fromkeys(every):
        (rows, found, case), plain = settled_plainly(name)
        with instead(mutant):
            try:
                # a case of its own: what another mutant's turn has cached would hide this one
                if apart(settle(rows, found, replace(case)), plain):
                    return name
            except Exception:  # noqa: BLE001 – a mutant that breaks is caught
                return name
    return ""


def equivalent() -> dict[str, str]:
    """Names of mutants, and of functions all of whose mutants, nothing here can tell apart → why."""
    listed = YAML(typ="safe", pure=True).load(EQUIVALENT.read_text(encoding="utf-8")) or []
    return {name: each["why"] for each in listed for name in (*each.get("mutants", ()), *each.get("functions", ()))}


def main(arguments: list[str]) -> int:
    """All mutants, or those of a slice like 100:200; prints what is not caught."""
    first, last = (int(word) if word else None for word in (arguments[0] if arguments else ":").split(":"))
    known, told, missed = equivalent(), Counter[str](), 0
    every = [mutant for name in MODULES for mutant in mutants(name)]
    stale = known.keys() - {mutant.name for mutant in every} - {mutant.where for mutant in every}
    for name in sorted(stale):
        print(f"in {EQUIVALENT.name}, but no mutant\n  - {name}")
    every = every[first:last]
    asked = [mutant for mutant in every if mutant.name not in known and mutant.where not in known]
    for mutant in asked:
        name = caught(mutant, first=[name for name, _ in told.most_common()])
        told.update([name] if name else [])
        if not name:
            missed += 1
            print(f"not caught, {mutant.module}:{mutant.line}\n  - {mutant.name}", flush=True)
    print(f"{len(every)} mutants: {len(asked) - missed} caught, {missed} not, {len(every) - len(asked)} equivalent")
    print("told most apart: " + ", ".join(f"{name} ({count})" for name, count in told.most_common(12)))
    return 1 if missed or stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
