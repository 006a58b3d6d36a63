"""Sound applications: nothing in them is wrong or questionable, whatever they are drawn like."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stdnum.cn import uscc

from disburse.tables import table

if TYPE_CHECKING:
    from random import Random

FORM = table("application")
PAY_DATE = date(2025, 6, 30)
REAL = Path(__file__).parents[2] / "real"
BANK_NUMBERS = (REAL / "cnaps.txt").read_text(encoding="utf-8").split()

CEILING = {
    "M04": 500_000, "M05A": 1_000_000, "M05B": 2_000_000, "M05C": 1_000_000, "M06A": 800_000, "M06B": 500_000,
    "M09": 200_000, "M10": 900_000, "M11": 10_000_000, "M12A": 100_000, "M12B": 10_000_000,
}  # fmt: skip
"""What may be approved without a question."""

BENEFITS = ("M12C", "M12D", "M13")
PER_SUBJECT = {"M05A": "中心", "M05B": "平台", "M05C": "项目", "M06A": "活动", "M11": "集聚区", "M12B": "技改项目"}
TITLES = {"M04": "剥离软件信息服务奖励", "M06A": "跨境电商+产业带活动", "M09": "新引进人力资源高端业态知名机构"}
BUREAUS = {
    "M04": ("市工业和信息化局", "市科技局"),
    "M05A": ("市科技局", "市工业和信息化局"),
    "M05B": ("市科技局",),
    "M05C": ("市科技局",),
    "M06A": ("市商务局", "市市场监管局", "松山湖高新区管委会", "中国人民银行东莞市分行"),
    "M06B": ("市商务局",),
    "M09": ("市人力资源社会保障局",),
    "M10": ("市工业和信息化局", "市司法局", "市生态环境局"),
    "M11": ("市发展改革局",),
    "M12A": ("市教育局", "市工业和信息化局"),
    "M12B": ("市工业和信息化局",),
    "M12C": ("市教育局",),
    "M12D": ("市工业和信息化局",),
    "M13": ("市委组织部", "市公安局", "市卫生健康局"),
}

REGISTERED = "M05B"
"""The measure of which the register speaks; its subjects are PT-… there."""

_NAMES = "粤东华南嘉瑞腾远盛达恒通宏图"
_KINDS = ("智能装备", "精密电子", "供应链管理", "工业设计", "软件", "检测认证", "新材料（东莞）", "NA")


@dataclass(eq=False)
class Application:
    """One row to be: what it says by field, and cells that are to stand there instead, as they are."""

    says: dict[str, Any]
    cells: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.says.get(name)

    @property
    def pays(self) -> bool:
        return self["measure"] not in BENEFITS


@dataclass(frozen=True)
class Enterprise:
    name: str
    uscc: str
    account_no: str
    bank_name: str
    cnaps: str


def credit_code(number: int, start: str = "91441900") -> str:
    """A credit code with both check signs (GB 32100, GB 11714)."""
    eight = f"MA{number:06d}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = sum(weight * digits.index(sign) for weight, sign in zip(weights, eight, strict=True))
    body = start + eight + "0123456789X"[-total % 11]
    return body + uscc.calc_check_digit(body)


def enterprise(number: int) -> Enterprise:
    """The enterprise of a number, always the same. From 900 on they are known from lists and bookings (case.py)."""
    name = f"东莞{_NAMES[number % 13]}{_NAMES[number // 13 % 13]}{_KINDS[number % 8]}{number}有限公司"
    bank = BANK_NUMBERS[number % len(BANK_NUMBERS)]
    return Enterprise(name, credit_code(number), f"62220202{number:011d}", f"示例银行东莞第{number % 7 + 1}支行", bank)


def applications(random: Random, first: int = 1, rows: int | None = None) -> list[Application]:
    """Between 3 and 16 sound applications, those of one enterprise together."""
    wanted = rows or random.randint(3, 16)
    made: list[Application] = []
    numbers = iter(random.sample(range(100, 900), wanted))
    kind = random.choice(["SQ-2025-{:04d}", "东申〔2025〕{}号", "A{:03d}", "2025{:06d}", "科创-{:03d}/2025"])
    base = random.randint(1, 400)
    while len(made) < wanted:
        who = enterprise(next(numbers))
        together = min(random.choice([1, 1, 1, 2, 3]), wanted - len(made))
        days = _days(random)
        for measure in random.sample([*CEILING, *BENEFITS], together):
            number = kind.format(base + first + len(made))
            made.append(_application(random, who, measure, number, len(made), days))
    return made


def _days(random: Random) -> tuple[date, date, date]:
    event = date(2025, 2, 5) + timedelta(random.randint(0, 70))
    approved = event + timedelta(random.randint(5, 30))
    return event, approved, min(approved + timedelta(random.randint(3, 14)), PAY_DATE - timedelta(1))


def _application(
    random: Random, who: Enterprise, measure: str, number: str, place: int, days: tuple[date, date, date]
) -> Application:
    says: dict[str, Any] = {
        "application_no": number,
        "measure": TITLES.get(measure, measure) if random.random() < 0.2 else measure,
        "applicant_name": who.name,
        "uscc": who.uscc,
        "event_date": days[0],
        "approved_date": days[1],
        "notice_end_date": days[2],
        "approval_no": f"东批〔2025〕{random.randint(1, 40)}号",
        "bureau": random.choice([*BUREAUS[measure], "市发展改革局"]),
    }
    application = Application({**says, "measure": measure})
    _optional(random, application, place)
    if measure in PER_SUBJECT:
        tag = f"{number}-{place}" if measure != REGISTERED else f"PT-{place % 4:02d}"
        application.says |= {"subject_no": tag, "subject_name": f"{PER_SUBJECT[measure]}{tag}"}
        if measure == REGISTERED:
            application.says["subject_name"] = f"平台{place % 4:02d}"
    if application.pays:
        _money(random, application, who)
    application.says["measure"] = says["measure"]
    return application


def _money(random: Random, application: Application, who: Enterprise) -> None:
    most = CEILING[application["measure"]]
    amount = Decimal(random.randint(1_000_00, most * 100)).scaleb(-2)
    if random.random() < 0.5:
        amount = Decimal(random.randint(1, most // 1000) * 1000)
    application.says |= {
        "approved_amount": amount,
        "payee_name": who.name,
        "bank_name": who.bank_name,
        "account_no": who.account_no,
        "cnaps": who.cnaps if random.random() < 0.6 else None,
    }
    if application["measure"] == "M06A" or random.random() < 0.3:
        application.says["basis_amount"] = amount + Decimal(random.randint(0, 10**7)).scaleb(-2)
    if random.random() < 0.2:
        application.says["other_public_funds"] = Decimal(random.randint(0, 10**7)).scaleb(-2)
    if random.random() < 0.05:
        application.says |= {"payee_type": "预算单位", "payee_name": "东莞示例管理中心"}


def _optional(random: Random, application: Application, place: int) -> None:
    """What need not be filled in, filled in now and then."""
    number = application["application_no"]
    choices: dict[str, Any] = {
        "matter_no": f"SX-{number}",
        "elected": "是",
        "rank": place + 1,
        "evidence_nos": f"FP{number}；HT{number}",
        "quantity": random.randint(1, 40),
        "category": random.choice(["甲类", "None", "00123"]),
        "payee_type": "企业",
        "instalment": 1,
        "carrier_no": f"ZT-{place}",
        "town": random.choice(["松山湖", "南城街道"]),
        "remark": random.choice(["已复核", "NA", "三年合计投入见附表", "一次性\n兑付", "详见2025年6月3日会议纪要"]),
    }
    for name, value in choices.items():
        if random.random() < 0.25:
            application.says[name] = value
