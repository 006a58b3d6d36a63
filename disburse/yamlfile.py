"""YAML files read strictly into pydantic models, with file, line and column for every fault.

Scalars stay text: `010`, `no`, `0.10` and `2025-02-05` mean what is written, and each model field decides
what it accepts. A repeated key is refused, an unknown one is answered with the keys that are allowed.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import YAMLError

from disburse.errors import SchemaInvalid
from disburse.language import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic_core import ErrorDetails
    from ruamel.yaml.nodes import ScalarNode

M = TypeVar("M", bound=BaseModel)


class _TextConstructor(RoundTripConstructor):
    """Every plain scalar is the text that was written."""


def _as_text(_: RoundTripConstructor, node: ScalarNode) -> str:
    return str(node.value)


for _tag in ("int", "float", "timestamp", "bool", "null"):
    _TextConstructor.add_constructor(f"tag:yaml.org,2002:{_tag}", _as_text)


def load_yaml(path: Path, model: type[M]) -> M:
    """Read `path` into `model`. Raises SchemaInvalid naming every fault at once."""
    tree = _parse(path)
    try:
        return model.model_validate(tree, context={"path": path})
    except ValidationError as error:
        raise SchemaInvalid(path, list(_sentences(path, tree, error, model))) from None


def _parse(path: Path) -> CommentedMap:
    yaml = YAML(typ="rt")
    yaml.Constructor = _TextConstructor
    try:
        tree = yaml.load(io.StringIO(path.read_text(encoding="utf-8-sig")))
    except DuplicateKeyError as error:
        at = error.problem_mark
        place = f"{path.name}:{at.line + 1}:{at.column + 1}"
        what = str(error.problem).splitlines()[0].removeprefix("found duplicate key ").split(" with value")[0]
        raise SchemaInvalid(
            path, [say(f"{place}: 键 {what} 重复，请只保留一个", f"{place}: key {what} is repeated; keep one")]
        ) from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path.name}:{mark.line + 1}:{mark.column + 1}" if mark else path.name
        raise SchemaInvalid(path, [f"{place}: YAML: {getattr(error, 'problem', None) or error}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SchemaInvalid(path, [say(f"无法读取：{reason}", f"cannot be read: {reason}")]) from None
    if not isinstance(tree, CommentedMap):
        raise SchemaInvalid(path, [say("最外层应为键值对", "the top level must be a mapping")])
    return tree


def _sentences(path: Path, tree: CommentedMap, error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    for fault in error.errors():
        line, column, trail = _place(tree, fault["loc"])
        where = f"{path.name}:{line}:{column}: {trail}"
        yield f"{where}: {_what(fault, model)}"


def _place(tree: Any, location: tuple[int | str, ...]) -> tuple[int, int, str]:
    """Line and column (from 1) of the deepest node on the way to `location`, and the way in words."""
    line, column, node = 1, 1, tree
    trail: list[str] = []
    for step in location:
        if isinstance(node, CommentedMap) and step in node:
            line, column = (n + 1 for n in node.lc.key(step))
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line, column = (n + 1 for n in node.lc.item(step))
        else:
            if isinstance(node, (CommentedMap, CommentedSeq)) and isinstance(step, str):
                trail.append(step)
            continue  # a name pydantic adds for a branch of a union, or a missing key
        trail.append(str(step))
        node = node[step]
    return line, column, ".".join(trail) or say("文件", "file")


def _what(fault: ErrorDetails, model: type[BaseModel]) -> str:
    kind, found = fault["type"], fault.get("input")
    if kind == "extra_forbidden":
        allowed = ", ".join(_keys_at(model, fault["loc"][:-1])) or "-"
        return say(f"没有这个键；允许的键：{allowed}", f"unknown key; allowed here: {allowed}")
    if kind == "missing":
        return say("缺少这一项", "this key is required")
    if kind in {"literal_error", "enum", "union_tag_invalid"}:
        context = fault.get("ctx", {})
        allowed = str(context.get("expected") or context.get("expected_tags", ""))
        return say(f"应为 {allowed}，实为 {found!r}", f"expected {allowed}, found {found!r}")
    if kind == "value_error":
        return str(fault["ctx"]["error"])
    return say(f"{fault['msg']}，实为 {found!r}", f"{fault['msg']}, found {found!r}")


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed at `location`, found by walking the model's own fields."""
    found: list[type[BaseModel]] = [model]
    for step in location:
        if isinstance(step, int):
            continue
        below = [
            inner
            for each in found
            for name, field in each.model_fields.items()
            if step in (name, field.alias)
            for inner in _models_in(field.annotation)
        ]
        tagged = [each for each in found if _tag_of(each) == step]
        found = below or tagged or found
    return sorted({field.alias or name for each in found for name, field in each.model_fields.items()})


def _tag_of(model: type[BaseModel]) -> object:
    field = model.model_fields.get("kind")
    return get_args(field.annotation)[0] if field and get_args(field.annotation) else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _models_in(inner)]
