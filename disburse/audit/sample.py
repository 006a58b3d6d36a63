"""Rows drawn for inspection: weighted by amount, so that every fen has the same chance; and the rows worth a look."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from disburse.language import say
from disburse.money import yuan
from disburse.workbooks.review import Sampled
from disburse.workbooks.words import titles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from disburse.workbooks.month import Month

HIGHEST = 10
"""How many of the highest amounts are named."""

NEAR_PERCENT = 5
"""How little below a ceiling is just below."""

MANY_CUTS = 2
"""From this many reductions on a row is worth a look."""


def draw(month: Month, count: int, seed: int) -> Sampled:
    """`count` of the rows paid, without putting back (all where there are no more), and the rows worth a look."""
    rows = month.rows
    amounts = dict(zip(rows.index.tolist(), rows["paid_fen"].tolist(), strict=True))
    paid = {row: fen for row, fen in amounts.items() if fen > 0}
    drawn = rows.loc[[*_drawn(paid, count, f"{month.run_hash} {seed}")]]
    risks = [*_risks(month)]
    share, whole = (yuan(sum(each), thousands=True) for each in (drawn["paid_fen"].tolist(), paid.values()))
    how = say(
        f"在 {len(paid)} 笔拨付中按金额加权抽取 {len(drawn)} 笔，种子 {seed}；合计 {share} 元，全部 {whole} 元。"
        "第 n 次抽取（n 从 0 起）：以“运行编号 种子 n”的 SHA-256 除以余下金额（分）的余数，落在谁的金额里就抽谁。",
        f"{len(drawn)} of {len(paid)} payments drawn, weighted by amount, seed {seed}: {share} of {whole} yuan. "
        "Draw n (from 0): SHA-256 of “run seed n” modulo the fen left.",
    )
    return Sampled(how, drawn, rows.loc[[row for row, _ in risks]].assign(why=[why for _, why in risks]))


def _drawn(amounts: dict[int, int], count: int, seed: str) -> Iterator[int]:
    """Labels of `amounts` in fen, each drawn with the weight of its amount among those left.

    Draw n (from 0) is SHA-256 of "seed n" modulo the fen left: the fen hit in the order of the rows. Anyone can repeat
    it with paper and a hash.

    >>> [*_drawn({1: 100, 3: 1}, 5, "a")]
    [1, 3]
    """
    left = dict(amounts)
    for number in range(min(count, len(left))):
        hit = int.from_bytes(sha256(f"{seed} {number}".encode()).digest(), "big") % sum(left.values())
        for row, fen in left.items():
            if hit < fen:
                yield row
                del left[row]
                break
            hit -= fen


def _risks(month: Month) -> Iterator[tuple[int, str]]:
    """The highest amounts, just below a ceiling, many reductions, waived questions, changed accounts."""
    rows, cuts, waivers = month.rows, month.settlement.cuts, month.settlement.waivers
    paid = rows[rows["paid_fen"] > 0]
    highest = paid.sort_values("paid_fen", ascending=False, kind="stable").index.tolist()[:HIGHEST]
    for place, row in enumerate(highest, 1):
        yield row, say(f"金额第 {place} 高", f"amount no. {place}")
    given: list[Any] = list(paid.itertuples())
    for row in given:
        ceiling = _ceiling(month, row)
        if ceiling and ceiling * (100 - NEAR_PERCENT) < int(row.approved_fen) * 100 < ceiling * 100:
            top = yuan(ceiling, thousands=True)
            yield row.Index, say(f"核定金额略低于上限 {top} 元", f"approved just below the ceiling {top}")
    for row, number in Counter(cuts["row"].tolist()).items():
        if number >= MANY_CUTS:
            yield row, say(f"核减 {number} 次", f"{number} reductions")
    opened: list[Any] = list(waivers.itertuples())
    for line in opened:
        question = titles([line.code])
        yield int(line.row), say(f"经放行：{question}（{line.approver}）", f"waived: {question} ({line.approver})")
    changed = rows["reasons"].str.contains("ACCOUNT_CHANGED")
    for row in rows.index[changed & ~rows.index.isin(waivers["row"])]:
        yield int(row), titles(["ACCOUNT_CHANGED"])


def _ceiling(month: Month, row: Any) -> int | None:
    """The measure's ceiling for one row on its event date, in fen."""
    measure = month.policy.by_code.get(row.measure)
    found = measure.ceiling_on(row.event_date.date()) if measure else None
    return found.fen if found else None
