"""Where the common options come from: the command line, `DISBURSE_…`, a `disburse.toml` found upwards, the defaults."""

from __future__ import annotations

import gettext
import os
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from disburse.errors import Usage
from disburse.language import Language, current

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = ("store", "policy", "lang")
SQLITE = "sqlite:///"


def from_file(folder: Path) -> dict[str, str]:
    """The settings of the nearest `disburse.toml` in `folder` or above it; its paths are relative to it."""
    for place in (folder, *folder.parents):
        file = place / "disburse.toml"
        if file.is_file():
            return _read(file)
    return {}


def _read(file: Path) -> dict[str, str]:
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise Usage(
            f"{file} 无法读取（{error}）；请改正或移走它", f"{file} cannot be read ({error}); mend it or move it away"
        ) from None
    for name, value in given.items():
        if name not in NAMES or not isinstance(value, str):
            raise Usage(
                f"{file}: 不认识 {name} = {value!r}；可写 {'、'.join(NAMES)}，值为文字",
                f"{file}: {name} = {value!r} is not known; allowed: {', '.join(NAMES)}, each a text",
            )
    if "policy" in given:
        given["policy"] = str(file.parent / given["policy"])
    if given.get("store", "").startswith(SQLITE):
        given["store"] = SQLITE + str(file.parent / given["store"].removeprefix(SQLITE))
    return given


def choose_language(arguments: Sequence[str], settings: dict[str, str]) -> None:
    """Fix the language before the first word is said: `--lang`, then DISBURSE_LANG, then the file, then Chinese."""
    asked = settings.get("lang") or "zh"
    asked = os.environ.get("DISBURSE_LANG") or asked
    for i, argument in enumerate(arguments):
        if argument == "--lang" and i + 1 < len(arguments):
            asked = arguments[i + 1]
        elif argument.startswith("--lang="):
            asked = argument.removeprefix("--lang=")
    speak(cast("Language", asked) if asked in ("zh", "en") else "zh")


def speak(language: Literal["zh", "en"]) -> None:
    """Our own words and click's in this language."""
    current.set(language)
    os.environ["LANGUAGE"] = "zh_CN" if language == "zh" else "en"
    gettext.bindtextdomain("messages", str(Path(__file__).parent / "locale"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an old console may lack a sign; the work must not stop for it
