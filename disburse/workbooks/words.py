"""The words people read for statuses, severities and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.findings import catalogue
from disburse.language import Wording, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from disburse.policy import Policy


def _words(**pairs: tuple[str, str]) -> dict[str, Wording]:
    return {name: Wording(zh=zh, en=en) for name, (zh, en) in pairs.items()}


STATUS = _words(
    paid=("全额拨付", "paid"),
    reduced=("部分拨付", "reduced"),
    rejected=("不予拨付", "rejected"),
    held=("待核", "held"),
    carried=("结转下年", "carried"),
    invalid=("退回更正", "invalid"),
    registered=("登记", "registered"),
    replaced=("已被更正", "replaced"),
)
"""The statuses of a row, in the order they are reported."""

SEVERITY = _words(
    stop=("文件不能读取", "stop"),
    error=("必须更正", "error"),
    reject=("不予拨付", "reject"),
    hold=("待核", "hold"),
    carry=("结转", "carry"),
    reduce=("核减", "reduce"),
    notice=("提示", "notice"),
)

STEP = _words(
    entitlement=("应享金额", "entitlement"),
    alone=("单独可享", "standing alone"),
    duplication=("不重复奖励", "non-duplication"),
    limits=("限额", "limits"),
    budget=("预算", "budget"),
)

RULE = _words(
    duplication=("就高、从优、不重复", "one matter is not rewarded twice"),
    rounding=("取整", "rounding"),
)
"""The rules that are no measure, limit or fund."""

MODE = _words(
    sequence=("按序", "in order"),
    prorate=("按比例", "in proportion"),
    carry=("结转", "carried"),
)


def word(words: dict[str, Wording], name: object) -> str:
    """The word for `name`; a name without one stands for itself."""
    return str(words.get(str(name), name))


def titles(codes: Iterable[str]) -> str:
    """The titles of finding codes, one after the other."""
    known = catalogue()
    return say("；", "; ").join(str(known[code].title) if code in known else code for code in codes)


def nobody() -> str:
    """The name for rows whose bureau is not one of the policy's."""
    return say("未识别单位", "Unknown bureau")


def nothing() -> str:
    """What a sheet without lines says."""
    return say("无", "None")


def measure_name(policy: Policy, code: str) -> str:
    """Code and title of a measure, the code alone where the policy does not know it."""
    known = policy.by_code.get(code)
    return f"{code} {known.title}" if known else code


def numbers(each: Iterable[int]) -> str:
    """Whole numbers in short: `1,5,13-18`.

    >>> numbers([1, 5, 13, 14, 15])
    '1,5,13-15'
    """
    runs: list[list[int]] = []
    for number in sorted(each):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
