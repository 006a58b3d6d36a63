"""What is the same: names, codes and numbers are compared after NFKC and without zero-width signs (spec section 2)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@lru_cache(maxsize=262_144)
def key(text: str) -> str:
    r"""`text` as it is compared.

    >>> key("示例（东莞）\u200b公司 ") == key("示例(东莞)公司")
    True
    """
    if text.isascii():
        return text.strip()
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf").strip()


def keys(column: pd.Series[str]) -> pd.Series[str]:
    """`key` of every value of a text column."""
    return column.map(key)
