"""What is planted: one thing wrong, and where exactly it must be found.

A defect changes what the applications say (`before`), or the drawing (`after`). Either tells what must be found, or None
where these applications or this drawing give it no place; then another drawing is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.intake.seeded.content import (
    BENEFITS,
    CEILING,
    FORM,
    PAY_DATE,
    PER_SUBJECT,
    REGISTERED,
    TITLES,
    Application,
    Enterprise,
    enterprise,
)
from tests.intake.seeded.layouts import (
    ALWAYS,
    AMOUNTS,
    PLACEHOLDERS,
    UNIT,
    Drawing,
    Error,
    Formula,
    Place,
    Table,
    declared,
)

if TYPE_CHECKING:
    from random import Random

EXCLUDED, EXCLUDED_BY_NAME, EXCLUDED_BEFORE, AWARDED, AWARDED_BY_PROVINCE, PAID = map(enterprise, range(901, 907))
"""Enterprises the lists and the store know (case.py)."""

PAID_BEFORE: dict[str, Any] = {
    "application_no": "LS-0001", "measure": "M06A", "subject_no": "HD-LS-1", "subject_name": "往年活动", "basis_amount": Decimal(400_000),
    "approved_amount": Decimal(300_000), "event_date": date(2025, 2, 20), "evidence_nos": "FP-LS-1;FP-LS-2",
}  # fmt: skip
WAIVED = "FX-0001"
"""The application whose PAYEE_MISMATCH is waived."""

Hit = tuple[str, Application, str]
"""Code, application, field."""


@dataclass
class Planted:
    """What must be found.

    hits    on the cells of applications
    places  elsewhere
    out     applications that are not questioned any more
    silent  tables of which nothing is read
    gone    applications nothing is said about
    """

    hits: list[Hit] = field(default_factory=list)
    places: list[tuple[str, Place]] = field(default_factory=list)
    out: list[Application] = field(default_factory=list)
    silent: list[Table] = field(default_factory=list)
    gone: list[Application] = field(default_factory=list)


Before = Callable[["Random", list[Application]], Planted | None]
After = Callable[["Random", Drawing], Planted | None]


@dataclass(frozen=True)
class Defect:
    """`code` is what must be found, "" for what must not be.

    flat      whether it can stand in a CSV file; `only_flat`: nowhere else
    absent    column no table is to have
    damage    what is done to one file once it is written; it is not read then
    """

    name: str
    code: str
    before: Before | None = None
    after: After | None = None
    flat: bool = True
    only_flat: bool = False
    absent: str = ""
    pay_date: date = PAY_DATE
    damage: Callable[[bytes], bytes] | None = None


def _measure(application: Application) -> str:
    words = {title: code for code, title in TITLES.items()}
    return words.get(application["measure"], application["measure"])


def _pays(application: Application) -> bool:
    return _measure(application) not in BENEFITS


def _one(
    random: Random, applications: list[Application], holds: Callable[[Application], bool] = lambda _: True
) -> Application | None:
    fitting = [each for each in applications if holds(each)]
    return random.choice(fitting) if fitting else None


def required(application: Application) -> list[str]:
    """The fields whose cell must be filled."""
    names = [column.field for column in FORM.columns if column.required == "always"]
    if _measure(application) in PER_SUBJECT:
        names += ["subject_no", "subject_name"]
    if _measure(application) == "M06A":
        names.append("basis_amount")
    return names + (list(FORM.paid_columns) if _pays(application) else [])


# ---------------------------------------------------------------------- one cell


def _cell(name: str, code: str, value: Any, holds: Callable[[Application], bool] = lambda _: True) -> Before:
    """`value` stands in the cell of `name`; it is called with the style of the table where it depends on that."""

    def before(random: Random, applications: list[Application]) -> Planted | None:
        target = _one(random, applications, holds)
        if target is None:
            return None
        target.cells[name] = value
        return Planted([(code, target, name)])

    return before


def _cells(code: str, names: list[str], values: list[Any], *, flat: list[Any] = [], **options: Any) -> list[Defect]:  # noqa: B006
    holds = options.pop("holds", _holds)
    return [
        Defect(
            f"{code} {name} {str(value)[:20]!r}",
            code,
            _cell(name, code, value, holds(name)),
            flat=value in flat,
            **options,
        )
        for name in names
        for value in [*values, *flat]
    ]


def _holds(name: str) -> Callable[[Application], bool]:
    """Applications that have such a cell at all."""
    return _pays if name in (*AMOUNTS, *FORM.paid_columns, "cnaps", "measure", "payee_type") else lambda _: True


def _of_kind(*kinds: str) -> list[str]:
    return FORM.fields(*kinds)


def _blank(name: str, value: Any) -> Before:
    return _cell(
        name, "CELL_REQUIRED", value, lambda each: name in required(each) and (name != "measure" or _pays(each))
    )


def _more_decimals(style: Any) -> float:
    return float(Decimal("12345.332") / UNIT[style.units["approved_amount"]])


def _more_decimals_in_text(style: Any) -> str:
    return f"{Decimal('12345.001') / UNIT[style.units['approved_amount']]:f}"


def _yuan_under_ten_thousands(style: Any) -> str:
    return "35元" if style.units["approved_amount"] == "万元" else "35万元"


def _cell_defects() -> list[Defect]:
    made = [
        Defect(f"CELL_REQUIRED {name} {value!r}", "CELL_REQUIRED", _blank(name, value))
        for name in [column.field for column in FORM.columns if column.required in ("always", "conditional")]
        if name not in ("quantity", "category", "carrier_no", "town")
        for value in (None, " \u200b", *(PLACEHOLDERS[:4] if name not in ALWAYS else ()))
    ]
    made += [
        Defect(f"FORMULA_NOT_CALCULATED {name}", "FORMULA_NOT_CALCULATED", _cell(name, "FORMULA_NOT_CALCULATED", Formula("1+1"), _holds(name)), flat=False)
        for name in _of_kind()
    ]  # fmt: skip
    made += _cells("CELL_ERROR_VALUE", _of_kind(), [Error("#N/A"), Error("#REF!")])
    made += _cells(
        "CELL_ERROR_VALUE", ["applicant_name", "approved_amount", "event_date", "uscc"], [], flat=["#N/A", "#DIV/0!"]
    )
    made += _cells(
        "IDENTIFIER_IS_NUMBER", _of_kind("identifier", "identifiers"), [914413007820108, 12.0], flat=["9.14413E+17"]
    )
    made += _cells("TEXT_INVALID", _of_kind("text", "identifier"), [date(2025, 3, 5), True], flat=["字" * 501])
    made += [
        replace(each, only_flat=True)
        for each in _cells("TEXT_INVALID", ["remark", "bank_name", "approval_no"], [], flat=["甲\x0b乙"])
    ]
    bad = [
        "12万",
        "约5万",
        "1,23.4",
        "三十万",
        "面议",
        "5万元左右",
        "1 000",
        "-5",
        "一百二十万元整",
        "1.2.3",
        "5000000000000000",
    ]
    made += _cells("AMOUNT_INVALID", AMOUNTS, [True, date(2025, 3, 5), -1], flat=bad)
    made += _cells("AMOUNT_INVALID", ["approved_amount"], [0], flat=["0", "0.00", _yuan_under_ten_thousands])
    made.append(
        Defect(
            "AMOUNT_INVALID benefit",
            "AMOUNT_INVALID",
            _cell("approved_amount", "AMOUNT_INVALID", 5000, lambda each: not _pays(each)),
        )
    )
    made += _cells("AMOUNT_PRECISION", ["approved_amount"], [_more_decimals], flat=[_more_decimals_in_text])
    wrong = ["2025-02-30", "2025-3", "3/5/2025", "三月五日", "2025年3月", "45721", "2025/3-5", "待定"]
    made += _cells("DATE_INVALID", _of_kind("date"), [45721, 20250305, True], flat=wrong)
    made += _cells("NUMBER_INVALID", _of_kind("integer"), [0, -1, 1.5, True], flat=["一", "1.0", "第1期"])
    made += _cells(
        "USCC_INVALID",
        ["uscc"],
        [],
        flat=["91310115MA1H8R7C6D", "91110108551385082", "9111 0108 5513 8508 2Q", "91110108551385O82Q"],
    )
    made += _cells("CNAPS_INVALID", ["cnaps"], [], flat=["313651027013", "31365102701", "3136 5102 7012"])
    made += _cells("ACCOUNT_INVALID", ["account_no"], [], flat=["1234567", "1" * 31, "6222 0202 0001", "62220202O001"])
    made += _cells("MEASURE_UNKNOWN", ["measure"], [], flat=["M99", "中试车间奖励", "M05"])
    made += _cells("BUREAU_UNKNOWN", ["bureau"], [], flat=["某局", "市发改局"])
    made.append(
        Defect(
            "BUREAU_UNKNOWN of another",
            "BUREAU_UNKNOWN",
            _cell("bureau", "BUREAU_UNKNOWN", "市教育局", lambda each: not _measure(each).startswith("M12")),
        )
    )
    made += _cells("CHOICE_INVALID", ["elected", "payee_type", "corrects"], [1], flat=["√", "对"])
    return made


# ------------------------------------------------------------- several rows, lists, the store


def _twin(random: Random, applications: list[Application], of: Application, **says: Any) -> Application:
    """Another application like it under its own number, somewhere in the list."""
    kept = {
        name: value
        for name, value in of.says.items()
        if name not in ("evidence_nos", "matter_no", "elected", "rank", "corrects")
    }
    twin = Application({**kept, "application_no": f"ZZ-{random.randint(1, 999)}", **says})
    applications.insert(random.randint(0, len(applications)), twin)
    return twin


def _of(who: Enterprise) -> dict[str, Any]:
    return {
        "applicant_name": who.name, "uscc": who.uscc, "payee_name": who.name, "account_no": who.account_no,
        "bank_name": who.bank_name, "cnaps": None, "payee_type": None,
    }  # fmt: skip


def _now_of(application: Application, who: Enterprise) -> None:
    application.says |= _of(who) if _pays(application) else {"applicant_name": who.name, "uscc": who.uscc}


def _says(code: str, name: str, holds: Callable[[Application], bool] = lambda _: True, **says: Any) -> Before:
    """The application says something that is understood and yet not right."""

    def before(random: Random, applications: list[Application]) -> Planted | None:
        target = _one(random, applications, holds)
        if target is None:
            return None
        target.says |= says
        return Planted([(code, target, name)] if code else [])

    return before


def _known(code: str, name: str, who: Enterprise, holds: Callable[[Application], bool] = _pays, **says: Any) -> Before:
    """The application is of an enterprise that a list or the store knows."""

    def before(random: Random, applications: list[Application]) -> Planted | None:
        target = _one(random, applications, holds)
        if target is None:
            return None
        _now_of(target, who)
        target.says |= says
        return Planted([(code, target, name)] if code else [])

    return before


def repeated(random: Random, applications: list[Application]) -> Planted:
    one = random.choice(applications)
    number = one["application_no"]
    wide = "".join(chr(ord(sign) + 0xFEE0) if "0" <= sign <= "9" else sign for sign in number)
    other = _twin(random, applications, one, application_no=random.choice([number, f"{number} ", wide]))
    other.says["instalment"] = one["instalment"]
    if random.random() < 0.3:
        one.says["corrects"] = other.says["corrects"] = "是"
    else:
        one.says["corrects"] = None
    return Planted([("APPLICATION_REPEATED", each, "application_no") for each in (one, other)])


def replaced(random: Random, applications: list[Application]) -> Planted:
    """A wrong row and the marked one that replaces it: nothing is found on either."""
    one = random.choice(applications)
    one.says["corrects"] = None
    other = _twin(random, applications, one, application_no=one["application_no"], corrects="是")
    one.cells["uscc"] = "1234"
    return Planted([], gone=[one] if other else [])


def instalments(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, _pays)
    if one is None:
        return None
    _twin(
        random, applications, one, application_no=one["application_no"], instalment=2, evidence_nos=one["evidence_nos"]
    )
    one.says["instalment"] = 1
    return Planted()


def claim_repeated(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, _pays)
    if one is None:
        return None
    return Planted([("CLAIM_REPEATED", each, "application_no") for each in (one, _twin(random, applications, one))])


def evidence_reused(random: Random, applications: list[Application]) -> Planted:
    one, other = random.sample(applications, 2)
    mark = random.choice(["；", ";", "、", "\n"])
    one.says["evidence_nos"], other.says["evidence_nos"] = f"FP-ZZ{mark}FP-Z1", f"FP-Z2{mark}FP-ZZ"
    one.says["matter_no"] = None
    return Planted([("EVIDENCE_REUSED", each, "evidence_nos") for each in (one, other)])


def account_shared(random: Random, applications: list[Application]) -> Planted | None:
    one, other = _one(random, applications, _pays), _one(random, applications, _pays)
    if (
        one is None
        or other is None
        or one["uscc"] == other["uscc"]
        or "预算单位" in (one["payee_type"], other["payee_type"])
    ):
        return None
    other.says["account_no"] = one["account_no"]
    hit = [
        each for each in applications if each["account_no"] == one["account_no"] and each["payee_type"] != "预算单位"
    ]
    return Planted([("ACCOUNT_SHARED", each, "account_no") for each in hit])


def one_name_two_codes(random: Random, applications: list[Application]) -> Planted | None:
    one, other = random.sample(applications, 2)
    if one["uscc"] == other["uscc"] or sum(each["uscc"] == other["uscc"] for each in applications) > 1:
        return None
    other.says["applicant_name"] = one["applicant_name"]
    if other["payee_name"] and other["payee_type"] != "预算单位":
        other.says["payee_name"] = one["applicant_name"]
    hit = [each for each in applications if each["applicant_name"] == one["applicant_name"]]
    return Planted([("NAME_CONFLICT", each, "uscc") for each in hit])


def one_code_two_names(random: Random, applications: list[Application]) -> Planted | None:
    one = random.choice(applications)
    hit = [each for each in applications if each["uscc"] == one["uscc"]]
    if len(hit) < 2:
        return None
    one.says["applicant_name"] = "东莞更名之后有限公司"
    if one["payee_name"] and one["payee_type"] != "预算单位":
        one.says["payee_name"] = one["applicant_name"]
    return Planted([("NAME_CONFLICT", each, "applicant_name") for each in hit])


def payee_mismatch(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, lambda each: _pays(each) and each["payee_type"] != "预算单位")
    if one is None:
        return None
    one.says["payee_name"] = random.choice([one["applicant_name"] + "东莞分公司", "张三", one["applicant_name"][:-1]])
    return Planted([("PAYEE_MISMATCH", one, "payee_name")])


def payee_alike(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, lambda each: _pays(each) and each["payee_type"] != "预算单位")
    if one is None:
        return None
    name = one["applicant_name"].replace("（", "(").replace("）", ")")
    one.says["payee_name"] = random.choice(
        [name, f"\u200b{name}", "".join(chr(ord(s) + 0xFEE0) if s.isdigit() else s for s in name)]
    )
    return Planted()


def amount_suspect(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, _pays)
    if one is None:
        return None
    measure = _measure(one)
    most = Decimal(1_000_000) if measure == "M10" else Decimal(2 * (CEILING[measure]))
    one.says["approved_amount"] = random.choice([Decimal("999.99"), Decimal(35), most + Decimal("0.01"), most * 9])
    one.says["basis_amount"] = Decimal(10**9) if measure == "M06A" else None
    return Planted([("AMOUNT_UNIT_SUSPECT", one, "approved_amount")])


def amount_at_the_bounds(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, _pays)
    if one is None:
        return None
    measure = _measure(one)
    most = Decimal(1_000_000) if measure == "M10" else Decimal(2 * (CEILING[measure]))
    one.says |= {"approved_amount": random.choice([Decimal(1000), most]), "basis_amount": Decimal(10**9)}
    return Planted()


def over_basis(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, lambda each: _pays(each) and _measure(each) != "M06A")
    if one is None:
        return None
    one.says["basis_amount"] = one["approved_amount"] - random.choice(
        [Decimal("0.01"), one["approved_amount"], Decimal(100)]
    )
    return Planted([("OVER_BASIS", one, "approved_amount")])


def at_the_basis(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, _pays)
    if one is None:
        return None
    one.says["basis_amount"] = one["approved_amount"] - (Decimal(1) if _measure(one) == "M06A" else 0)
    return Planted()


def one_subject_two_names(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, lambda each: _measure(each) in PER_SUBJECT and _measure(each) != REGISTERED)
    if one is None:
        return None
    twin = _twin(random, applications, one, subject_name="另一名称", approved_amount=Decimal(4321), **_day_after(one))
    return Planted([("SUBJECT_CONFLICT", each, "subject_name") for each in (one, twin)])


def one_name_two_subjects(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, lambda each: _measure(each) in PER_SUBJECT and _measure(each) != REGISTERED)
    if one is None:
        return None
    twin = _twin(random, applications, one, subject_no="ZZ-对象", **_day_after(one))
    return Planted([("SUBJECT_CONFLICT", each, "subject_no") for each in (one, twin)])


def _day_after(one: Application) -> dict[str, Any]:
    return {"event_date": one["event_date"] + timedelta(1)}


def matter_possible(random: Random, applications: list[Application]) -> Planted | None:
    one = _one(random, applications, lambda each: _measure(each) in ("M05A", "M05C", "M12B"))
    if one is None:
        return None
    twin = _twin(
        random,
        applications,
        one,
        measure="M06A",
        bureau="市商务局",
        basis_amount=Decimal(10**7),
        approved_amount=Decimal(7654),
    )
    if random.random() < 0.5:
        one.says["matter_no"] = None
        twin.says["matter_no"] = random.choice([None, "SX-ZZ"])
    return Planted([("MATTER_POSSIBLE", each, "matter_no") for each in (one, twin)])


def matters_written(random: Random, applications: list[Application]) -> Planted | None:
    planted = matter_possible(random, applications)
    if planted:
        for number, (_, each, _) in enumerate(planted.hits):
            each.says["matter_no"] = f"SX-ZZ-{number}"
    return planted and Planted()


def matter_shared(random: Random, applications: list[Application]) -> Planted | None:
    one, other = random.sample(applications, 2)
    if one["uscc"] == other["uscc"]:
        return None
    one.says["matter_no"] = other.says["matter_no"] = "SX-ZZ"
    return Planted([("MATTER_SHARED", each, "matter_no") for each in (one, other)])


def _registered(number: str, event: date | None = None, code: str = "NOT_REGISTERED") -> Before:
    def before(random: Random, applications: list[Application]) -> Planted | None:
        one = _one(random, applications, lambda each: _measure(each) == REGISTERED)
        if one is None:
            return None
        one.says |= {"subject_no": number, "subject_name": f"平台{number}"} | ({"event_date": event} if event else {})
        return Planted([(code, one, "subject_no")] if code else [])

    return before


def _row_defects() -> list[Defect]:
    day, after = PAY_DATE, PAY_DATE + timedelta(1)
    of_paid = {name: value for name, value in PAID_BEFORE.items() if name not in ("application_no", "evidence_nos")}
    fresh = {"matter_no": None, "evidence_nos": None}
    return [
        Defect("APPLICATION_REPEATED", "APPLICATION_REPEATED", repeated),
        Defect("sound: corrected", "", replaced),
        Defect("sound: instalments", "", instalments),
        Defect("ALREADY_PAID", "ALREADY_PAID", _says("ALREADY_PAID", "application_no", application_no="LS-0001", instalment=None, corrects=None)),
        Defect("sound: the next instalment", "", _known("", "", PAID, lambda each: _measure(each) == "M06A", **{**of_paid, "application_no": "LS-0001", "instalment": 2, "evidence_nos": "FP-LS-1", "bureau": "市商务局"})),
        Defect("OUT_OF_TERM before", "OUT_OF_TERM", _says("OUT_OF_TERM", "event_date", lambda each: _measure(each) != REGISTERED, event_date=date(2025, 2, 4))),
        Defect("OUT_OF_TERM after", "OUT_OF_TERM", _says("OUT_OF_TERM", "event_date", event_date=date(2028, 1, 1))),
        Defect("sound: first day of the term", "", _says("", "", event_date=date(2025, 2, 5))),
        Defect("sound: last day of the term", "", _says("", "", event_date=date(2027, 12, 31))),
        *(Defect(f"NOT_APPROVED {value!r}", "NOT_APPROVED", _cell("approval_no", "NOT_APPROVED", value)) for value in (None, *PLACEHOLDERS)),
        Defect("NOT_APPROVED late", "NOT_APPROVED", _says("NOT_APPROVED", "approved_date", approved_date=after)),
        Defect("sound: approved on the pay date", "", _says("", "", approved_date=day)),
        Defect("NOTICE_OPEN", "NOTICE_OPEN", _says("NOTICE_OPEN", "notice_end_date", notice_end_date=day)),
        Defect("sound: notice ended the day before", "", _says("", "", notice_end_date=day - timedelta(1))),
        Defect("EXCLUDED by code", "EXCLUDED", _known("EXCLUDED", "uscc", EXCLUDED)),
        Defect("EXCLUDED by name", "EXCLUDED", _known("EXCLUDED", "uscc", EXCLUDED_BY_NAME, lambda each: not _pays(each))),
        Defect("sound: exclusion ended", "", _known("", "", EXCLUDED_BEFORE)),
        Defect("NOT_REGISTERED", "NOT_REGISTERED", _registered("PT-99")),
        Defect("NOT_REGISTERED yet", "NOT_REGISTERED", _registered("PT-50", date(2025, 4, 30))),
        Defect("sound: registered on the day", "", _registered("PT-50", date(2025, 5, 1), "")),
        Defect("DECLINED", "DECLINED", _says("DECLINED", "elected", elected="否")),
        Defect("CLAIM_REPEATED", "CLAIM_REPEATED", claim_repeated),
        Defect("CLAIM_REPEATED booked", "CLAIM_REPEATED", _known("CLAIM_REPEATED", "application_no", PAID, lambda each: _measure(each) == "M06A", **of_paid, **fresh)),
        Defect("EVIDENCE_REUSED", "EVIDENCE_REUSED", evidence_reused),
        Defect("EVIDENCE_REUSED booked", "EVIDENCE_REUSED", _says("EVIDENCE_REUSED", "evidence_nos", evidence_nos="FP-LS-2、HT-9")),
        Defect("ACCOUNT_SHARED", "ACCOUNT_SHARED", account_shared),
        Defect("ACCOUNT_SHARED booked", "ACCOUNT_SHARED", _says("ACCOUNT_SHARED", "account_no", lambda each: _pays(each) and each["payee_type"] != "预算单位", account_no=PAID.account_no)),
        Defect("ACCOUNT_CHANGED", "ACCOUNT_CHANGED", _known("ACCOUNT_CHANGED", "account_no", PAID, account_no="6222020299887766", **fresh)),
        Defect("NAME_CONFLICT code", "NAME_CONFLICT", one_code_two_names),
        Defect("NAME_CONFLICT name", "NAME_CONFLICT", one_name_two_codes),
        Defect("NAME_CONFLICT booked", "NAME_CONFLICT", _known("NAME_CONFLICT", "applicant_name", PAID, lambda each: not _pays(each), applicant_name="东莞更名之后有限公司")),
        Defect("PAYEE_MISMATCH", "PAYEE_MISMATCH", payee_mismatch),
        Defect("sound: payee alike", "", payee_alike),
        Defect("sound: payee waived", "", _says("", "", lambda each: _pays(each) and each["payee_type"] != "预算单位", application_no=WAIVED, payee_name="张三")),
        Defect("AMOUNT_UNIT_SUSPECT", "AMOUNT_UNIT_SUSPECT", amount_suspect),
        Defect("sound: amount at the bounds", "", amount_at_the_bounds),
        Defect("OVER_BASIS", "OVER_BASIS", over_basis),
        Defect("sound: at the basis", "", at_the_basis),
        Defect("SUBJECT_CONFLICT number", "SUBJECT_CONFLICT", one_subject_two_names),
        Defect("SUBJECT_CONFLICT name", "SUBJECT_CONFLICT", one_name_two_subjects),
        Defect("MATTER_POSSIBLE", "MATTER_POSSIBLE", matter_possible),
        Defect("MATTER_POSSIBLE awarded", "MATTER_POSSIBLE", _known("MATTER_POSSIBLE", "matter_no", AWARDED)),
        Defect("sound: awarded by the province", "", _known("", "", AWARDED_BY_PROVINCE, matter_no=None)),
        Defect("sound: matters written", "", matters_written),
        Defect("MATTER_SHARED", "MATTER_SHARED", matter_shared),
        Defect("NO_CEILING", "NO_CEILING", _says("NO_CEILING", "approved_amount", lambda each: _measure(each) == "M10")),
        Defect("PAYEE_IS_BUDGET_UNIT", "PAYEE_IS_BUDGET_UNIT", _says("PAYEE_IS_BUDGET_UNIT", "payee_type", _pays, payee_type="预算单位", payee_name="某中心")),
        Defect("TERM_ENDED_BEFORE_PAYMENT", "TERM_ENDED_BEFORE_PAYMENT", term_ended, pay_date=date(2028, 1, 5)),
    ]  # fmt: skip


def term_ended(random: Random, applications: list[Application]) -> Planted:
    return Planted([("TERM_ENDED_BEFORE_PAYMENT", each, "application_no") for each in applications])


# ---------------------------------------------------------------------- the drawing


def merged_amounts(random: Random, drawing: Drawing) -> Planted | None:
    """An amount, a number or 申报编号 merged over two rows."""
    table = random.choice(drawing.tables)
    names = [*AMOUNTS, *FORM.fields("integer"), "application_no"]
    places = [
        (one, other, name)
        for (one, row), (other, below) in zip(table.rows, table.rows[1:], strict=False)
        for name in names
        if below == row + 1 and one[name] is not None and name in table.columns
    ]
    if not places:
        return None
    one, other, name = random.choice(places)
    row = next(row for each, row in table.rows if each is one)
    table.page.merge(row, table.columns[name], row + 1, table.columns[name])
    return Planted([("CELL_MERGED", each, name) for each in (one, other)])


def total_wrong(random: Random, drawing: Drawing) -> Planted | None:
    choices = [(table, total, name) for table in drawing.tables for total in table.totals for name in total.declared]
    if not choices:
        return None
    table, total, name = random.choice(choices)
    more = random.choice([Decimal("0.01"), Decimal("-0.01"), Decimal(10_000), Decimal(1)])
    at = total.row, total.declared[name]
    table.page.cells[at] = declared(random, table, total, name, more)
    rows = [each for other in drawing.tables if other.file is table.file for each, _ in other.rows]
    return Planted(places=[("TOTAL_MISMATCH", table.place(*at))], out=rows)


def _total_unread(code: str, value: Any) -> After:
    def after(random: Random, drawing: Drawing) -> Planted | None:
        choices = [
            (table, total, name) for table in drawing.tables for total in table.totals for name in total.declared
        ]
        if not choices:
            return None
        table, total, name = random.choice(choices)
        table.page.cells[total.row, total.declared[name]] = value
        return Planted(places=[(code, table.place(total.row, total.declared[name]))])

    return after


def _hidden(how: str) -> After:
    def after(random: Random, drawing: Drawing) -> Planted:
        table = random.choice(drawing.tables)
        _, row = random.choice(table.rows)
        table.page.hidden_rows[row] = how
        if how == "filtered":
            table.page.filtered = (table.heading, table.style.left, table.rows[-1][1], max(table.columns.values()))
        return Planted()

    return after


def column_repeated(random: Random, drawing: Drawing) -> Planted | None:
    table = random.choice(drawing.tables)
    name = random.choice([*table.columns])
    if table.style.pages_of or table.style.two_lines:
        return None
    column = max([*table.columns.values(), *table.extra.values()]) + 1
    table.page.cells[table.heading, column] = random.choice([FORM[name].heading.zh, *FORM[name].synonyms])
    return Planted(places=[("COLUMN_REPEATED", table.place(table.heading, column))], silent=[table])


def column_missing(random: Random, drawing: Drawing) -> Planted:
    first = [
        (table, min([*table.columns.values(), *(c for w, c in table.extra.items() if w)])) for table in drawing.tables
    ]
    return Planted(places=[("COLUMN_MISSING", table.head(column)) for table, column in first], silent=drawing.tables)


def conditional_column_missing(name: str) -> After:
    def after(random: Random, drawing: Drawing) -> Planted | None:
        hit = [each for table in drawing.tables for each, _ in table.rows if name in required(each)]
        return Planted([("CELL_REQUIRED", each, name) for each in hit]) if hit else None

    return after


def unit_unclear(random: Random, drawing: Drawing) -> Planted | None:
    for table in drawing.tables:
        unsaid = [name for name in AMOUNTS if name in table.columns and "元" not in table.style.words[name]]
        if not table.style.above or not unsaid or table.style.unit_below:
            continue
        at = next(at for at, cell in table.page.cells.items() if cell in table.style.above)
        table.page.cells[at] = random.choice(["金额单位是万元的", "单位：人民币（万元）整", "计量单位均为万元呀"])
        return Planted(places=[("UNIT_UNCLEAR", table.place(*at))], silent=[table])
    return None


def no_table(random: Random, drawing: Drawing) -> Planted:
    file = random.choice(drawing.files)
    silent = [table for page in file.pages for table in page.tables]
    for page in file.pages:
        page.cells, page.merged = {(0, 0): "关于报送申报表的函", (2, 0): "附件另送", (3, 1): 12}, []
        page.hidden_rows = {}
    return Planted(places=[("TABLE_NOT_FOUND", Place(file.name, "", ""))], silent=silent)


def far_cell(random: Random, drawing: Drawing) -> Planted:
    file = random.choice(drawing.files)
    file.pages[-1].cells[1_048_575, 16_383] = "x"
    return _file_lost("WORKBOOK_TOO_LARGE", drawing, file)


def _file_lost(code: str, drawing: Drawing, file: Any) -> Planted:
    return Planted(
        places=[(code, Place(file.name, "", ""))], silent=[each for each in drawing.tables if each.file is file]
    )


def _damaged(code: str) -> After:
    return lambda _, drawing: _file_lost(code, drawing, drawing.files[0])


def _encrypted(_: bytes) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504 + "EncryptedPackage".encode("utf-16-le") * 40


def _drawing_defects() -> list[Defect]:
    missing = [Defect(f"COLUMN_MISSING {name}", "COLUMN_MISSING", after=column_missing, absent=name) for name in ALWAYS]
    needed = [
        Defect(
            f"CELL_REQUIRED without the column {name}",
            "CELL_REQUIRED",
            after=conditional_column_missing(name),
            absent=name,
        )
        for name in ("basis_amount", "subject_no", "subject_name")
    ]
    return [
        *missing,
        *needed,
        Defect("CELL_MERGED", "CELL_MERGED", after=merged_amounts, flat=False),
        *(Defect(f"TOTAL_MISMATCH {number}", "TOTAL_MISMATCH", after=total_wrong) for number in range(1, 5)),
        Defect("AMOUNT_INVALID total", "AMOUNT_INVALID", after=_total_unread("AMOUNT_INVALID", "约10")),
        Defect("CELL_ERROR_VALUE total", "CELL_ERROR_VALUE", after=_total_unread("CELL_ERROR_VALUE", Error("#REF!"))),
        Defect("ROW_HIDDEN", "ROW_HIDDEN", after=_hidden("hidden"), flat=False),
        Defect("ROW_HIDDEN filtered", "ROW_HIDDEN", after=_hidden("filtered"), flat=False),
        Defect("ROW_HIDDEN no height", "ROW_HIDDEN", after=_hidden("zero"), flat=False),
        Defect("COLUMN_UNKNOWN", "COLUMN_UNKNOWN", after=lambda _, drawing: Planted() if any(t.extra for t in drawing.tables) else None),
        Defect("COLUMN_REPEATED", "COLUMN_REPEATED", after=column_repeated),
        Defect("UNIT_UNCLEAR", "UNIT_UNCLEAR", after=unit_unclear),
        Defect("TABLE_NOT_FOUND", "TABLE_NOT_FOUND", after=no_table),
        Defect("WORKBOOK_TOO_LARGE", "WORKBOOK_TOO_LARGE", after=far_cell, flat=False),
        Defect("WORKBOOK_UNREADABLE cut off", "WORKBOOK_UNREADABLE", after=_damaged("WORKBOOK_UNREADABLE"), flat=False, damage=lambda content: content[:-200]),
        Defect("WORKBOOK_UNREADABLE page", "WORKBOOK_UNREADABLE", after=_damaged("WORKBOOK_UNREADABLE"), flat=False, damage=lambda _: b"<html><table/></html>"),
        Defect("WORKBOOK_ENCRYPTED", "WORKBOOK_ENCRYPTED", after=_damaged("WORKBOOK_ENCRYPTED"), flat=False, damage=_encrypted),
    ]  # fmt: skip


SOUND = Defect("sound", "")
DEFECTS: tuple[Defect, ...] = (SOUND, *_cell_defects(), *_row_defects(), *_drawing_defects())
