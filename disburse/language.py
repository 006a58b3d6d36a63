"""The language people are spoken to in: Chinese unless `--lang en` asks otherwise.

Both wordings of a sentence stand side by side where it is said, so that neither can be forgotten.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Language = Literal["zh", "en"]

current: ContextVar[Language] = ContextVar("language", default="zh")


def say(zh: str, en: str) -> str:
    """The wording in the current language."""
    return zh if current.get() == "zh" else en


def listed(items: Iterable[str]) -> str:
    """Several things in a sentence of the current language."""
    return say("、", ", ").join(items)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Say everything in this language meanwhile: what is to be compared with words said in another session."""
    before = current.set(language)
    try:
        yield
    finally:
        current.reset(before)


class Wording(BaseModel):
    """One text in both languages, as the files under schemas/ write it: `{zh: …, en: …}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str
    en: str

    def __str__(self) -> str:
        return say(self.zh, self.en)

    def both(self) -> tuple[str, str]:
        return self.zh, self.en
