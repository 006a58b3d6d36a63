"""pandera decides: a check taken out of the YAML is a check not made."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as oracle

from disburse.errors import SchemaInvalid
from disburse.intake.identifiers import _check_sign, _is_organisation, is_account, is_cnaps, is_uscc
from disburse.tables import Check
from tests.intake.made import FORM, at, found, lines, save, taken

REAL = Path(__file__).parents[1] / "real"

REFUSED = {
    ("measure", "measure_known"): {"measure": "M99"},
    ("uscc", "uscc"): {"uscc": "91310115MA1H8R7C6D"},
    ("approved_amount", "above"): {"approved_amount": 0},
    ("approved_amount", "nothing_where_unpaid"): {"measure": "M12C", "bureau": "市教育局"},
    ("basis_amount", "at_least"): {"basis_amount": -1},
    ("other_public_funds", "at_least"): {"other_public_funds": -1},
    ("quantity", "at_least"): {"quantity": 0},
    ("elected", "choice"): {"elected": "对"},
    ("rank", "at_least"): {"rank": 0},
    ("cnaps", "cnaps"): {"cnaps": "313651027013"},
    ("account_no", "account"): {"account_no": "12"},
    ("payee_type", "choice"): {"payee_type": "个人"},
    ("instalment", "at_least"): {"instalment": 0},
    ("corrects", "choice"): {"corrects": "对"},
    ("bureau", "bureau_of_measure"): {"bureau": "市教育局"},
}
"""What each check of the form refuses."""


def changed(field, **update):
    columns = tuple(each.model_copy(update=update) if each.field == field else each for each in FORM.columns)
    return FORM.model_copy(update={"columns": columns})


@pytest.mark.parametrize(("column", "check"), [(column, check) for column in FORM.columns for check in column.checks])
def test_removing_a_check_lets_the_bad_row_through(tmp_path, policy, column, check):
    path = save(tmp_path / "a.xlsx", lines(REFUSED[column.field, check.check]))
    assert found(taken(policy, path)) == [(check.code, at(column.field))]
    without = changed(column.field, checks=tuple(each for each in column.checks if each is not check))
    assert found(taken(policy, path, form=without)) == []


@pytest.mark.parametrize(
    "field", [column.field for column in FORM.columns if column.required in ("always", "conditional")]
)
def test_making_a_column_optional_lets_the_blank_through(tmp_path, policy, field):
    path = save(tmp_path / "a.xlsx", lines({field: None}))
    if field in policy.columns_required("M06A") or FORM[field].required == "always":
        assert found(taken(policy, path)) == [("CELL_REQUIRED", at(field))]
    checks = () if field == "measure" else FORM[field].checks
    assert found(taken(policy, path, form=changed(field, required="no", checks=checks))) == []


@pytest.mark.parametrize("check", [Check(check="usccc", code="USCC_INVALID"), Check(check="uscc", code="USCC_WRONG")])
def test_an_unknown_check_or_code_is_refused(tmp_path, policy, check):
    path = save(tmp_path / "a.xlsx", lines({}))
    with pytest.raises(SchemaInvalid, match="uscc"):
        taken(policy, path, form=changed("uscc", checks=(check,)))


def test_real_credit_codes():
    for line in (REAL / "uscc.csv").read_text(encoding="utf-8").splitlines()[1:]:
        code, valid, _ = line.split(",", 2)
        assert is_uscc(code) == (valid == "yes"), code


def test_real_bank_numbers_and_every_wrong_check_digit():
    for number in (REAL / "cnaps.txt").read_text(encoding="utf-8").split():
        assert [is_cnaps(number[:11] + digit) for digit in "0123456789"].count(True) == 1
        assert is_cnaps(number)


SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@given(st.from_regex("[0-9]{8}", fullmatch=True), st.text(SIGNS, min_size=9, max_size=9), st.sampled_from(SIGNS))
def test_the_last_sign_agrees_with_an_independent_reading(start, organisation, last):
    body = start + organisation
    for sign in (last, _check_sign(body)):
        assert (sign == _check_sign(body)) == oracle.is_valid(body + sign)
        assert is_uscc(body + sign) == (oracle.is_valid(body + sign) and _is_organisation(organisation))


@pytest.mark.parametrize(
    ("organisation", "valid"), [("551385082", True), ("M000100Y4", True), ("551385083", False), ("A0000001X", False)]
)
def test_the_sign_within_is_that_of_the_organisation(organisation, valid):
    assert _is_organisation(organisation) == valid


def test_no_sign_of_a_credit_code_can_be_changed_unnoticed():
    code = "91110108551385082Q"
    for place in range(18):
        assert not any(is_uscc(code[:place] + sign + code[place + 1 :]) for sign in SIGNS if sign != code[place])


@pytest.mark.parametrize("number", ["", "1234567", "1" * 31, "1234567a", "１２３４５６７８", "1234 5678", "٣٣٣٣٣٣٣٣"])
def test_accounts(number):
    assert not is_account(number)
