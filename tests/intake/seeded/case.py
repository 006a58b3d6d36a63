"""One submission of one seed: made, written, examined as `disburse check` does, and compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any

from disburse import batch
from disburse.case import Case as Circumstances
from disburse.case import Lists
from disburse.dossier import Inputs
from disburse.findings import catalogue, stopped
from disburse.intake import read_applications, read_list, sources
from disburse.policy import load_policy
from disburse.settlement import examine
from disburse.store import open_store
from tests.intake.seeded import files, layouts
from tests.intake.seeded.content import PAY_DATE, applications, enterprise
from tests.intake.seeded.defects import (
    AWARDED,
    AWARDED_BY_PROVINCE,
    DEFECTS,
    EXCLUDED,
    EXCLUDED_BEFORE,
    EXCLUDED_BY_NAME,
    PAID,
    PAID_BEFORE,
    WAIVED,
    Defect,
    Planted,
)
from tests.workbook import submission

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from disburse.policy import Policy
    from tests.intake.seeded.layouts import Drawing, Place

Found = tuple[str, "Place"]


@dataclass(frozen=True)
class Known:
    """What stands beside the applications: policy, lists, and what a store with one booked application says."""

    policy: Policy
    lists: Lists
    booked: pd.DataFrame


def known(folder: Path) -> Known:
    """Lists and store, made and read once."""
    rows: dict[str, list[dict[str, Any]]] = {
        "register": [
            *({"measure": "M05B", "subject_no": f"PT-{number:02d}", "name": "平台", "start_date": "2025-01-01"} for number in range(4)),
            {"measure": "M05B", "subject_no": "PT-50", "name": "平台", "start_date": "2025-05-01"},
        ],
        "exclusions": [
            {"uscc": EXCLUDED.uscc, "document_no": "东环罚〔2025〕1号", "reason": "环保处罚", "start_date": "2025-01-01"},
            {"applicant_name": EXCLUDED_BY_NAME.name, "document_no": "东环罚〔2025〕2号", "reason": "环保处罚"},
            {"uscc": EXCLUDED_BEFORE.uscc, "document_no": "东环罚〔2024〕9号", "reason": "环保处罚", "end_date": "2025-06-29"},
        ],
        "awards": [
            {"uscc": AWARDED.uscc, "level": "市", "document_no": "东府〔2024〕1号", "amount": 1000, "award_date": "2025-01-01"},
            {"uscc": AWARDED_BY_PROVINCE.uscc, "level": "省", "document_no": "粤府〔2024〕1号", "amount": 1000},
        ],
        "waivers": [
            {"application_no": WAIVED, "code": "PAYEE_MISMATCH", "approver": "审批人", "reason": "已核", "valid_until": "2025-06-30"}
        ],
    }  # fmt: skip
    lists = {name: submission(folder / f"{name}.xlsx", *lines, name=name) for name, lines in rows.items()}
    given = {
        **{name: str(value) for name, value in PAID_BEFORE.items()}, "bureau": "市商务局", "applicant_name": PAID.name,
        "uscc": PAID.uscc, "account_no": PAID.account_no, "payee_name": PAID.name,
    }  # fmt: skip
    sent, store = submission(folder / "往年.xlsx", given), f"sqlite:///{folder / 'book.db'}"
    inputs = Inputs((), batch.default_policy(), {}, date(2025, 5, 31))
    batch.run("2025-05", [sent], inputs, folder / "out", store, _nothing)
    batch.post(folder / "out", store, "制表甲", "审批乙", None, _nothing)
    policy = load_policy(batch.default_policy())
    read = Lists(**{name: read_list(path, name, policy) for name, path in lists.items()})
    return Known(policy, read, open_store(store, create=False).booked())


def _nothing(_: str) -> None:
    """No progress is shown."""


@dataclass
class Case:
    """A submission and what must be found in it."""

    seed: int
    defect: Defect
    drawing: Drawing
    expected: set[Found]

    @property
    def layouts(self) -> list[str]:
        return list(self.drawing.used)


def make(seed: int, defect: Defect | None = None) -> Case:
    """The case of a seed. Every defect of the list gets its turn."""
    defect = defect or DEFECTS[seed % len(DEFECTS)]
    random = Random(seed)
    for _ in range(400):
        sent = applications(random)
        planted = defect.before(random, sent) if defect.before else Planted()
        if planted is None:
            continue
        flat = defect.only_flat or (defect.flat and random.random() < 0.15)
        drawing = layouts.draw(random, sent, flat=flat, absent=defect.absent)
        more = defect.after(random, drawing) if defect.after else Planted()
        if more is None:
            continue
        return Case(seed, defect, drawing, set(_expected(drawing, planted, more)))
    raise AssertionError(f"{defect.name}: no place for it in 400 drawings")


def _expected(drawing: Drawing, planted: Planted, more: Planted) -> list[Found]:
    hits = [*planted.hits, *more.hits]
    graver = {code for code, each in catalogue().items() if each.severity in ("error", "reject")}
    out = [*planted.out, *more.out, *planted.gone, *(each for code, each, _ in hits if code in graver)]
    found = [*planted.places, *more.places]
    found += [(code, drawing.table_of(each).at(each, name)) for code, each, name in hits]
    for table in drawing.tables:
        if any(table is each for each in more.silent):
            continue
        found += [("COLUMN_UNKNOWN", table.head(column)) for column in table.extra.values()]
        for each, row in table.rows:
            gone = any(each is other for other in planted.gone)
            if row in table.page.hidden_rows and not gone:
                found.append(("ROW_HIDDEN", table.at(each, "application_no")))
            if not any(each is other for other in out) and each["approved_amount"] is not None:
                if each["measure"] == "M10":
                    found.append(("NO_CEILING", table.at(each, "approved_amount")))
                if each["payee_type"] == "预算单位":
                    found.append(("PAYEE_IS_BUDGET_UNIT", table.at(each, "payee_type")))
    return found


def check(case: Case, paths: list[Path], beside: Known) -> tuple[set[Found], list[str]]:
    """What is found, and its messages."""
    asked = Circumstances(beside.policy, beside.booked, beside.lists, case.defect.pay_date)
    read, _, unopened = sources(paths, stop=False)
    intake = read_applications(read, beside.policy, stop=False)
    settlement = examine(intake.rows, intake.findings, asked)
    placed = [*map(stopped, [*unopened, *intake.stopped]), *intake.placed(settlement.findings)]
    found = Counter((each.code, layouts.Place(each.source_file, each.source_sheet, each.cell)) for each in placed)
    messages = [
        f"{each.code} {each.source_file} {each.source_sheet}!{each.cell}: {each.message} → {each.remedy}"
        for each in placed
    ]
    return {each for each, count in found.items() if count == 1}, messages


def write(case: Case, folder: Path) -> list[Path]:
    random = Random(case.seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [files.write(folder, file, random) for file in case.drawing.files]
    if case.defect.damage:
        paths[0].write_bytes(case.defect.damage(paths[0].read_bytes()))
    return paths


def as_xls(case: Case) -> Case:
    """The same case under the names its files have once saved in the old format."""
    old = {(code, place._replace(file=place.file.replace(".xlsx", ".xls"))) for code, place in case.expected}
    return replace(case, expected=old)


__all__ = ["DEFECTS", "PAY_DATE", "Case", "Known", "as_xls", "check", "enterprise", "known", "make", "write"]
