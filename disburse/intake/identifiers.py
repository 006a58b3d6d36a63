"""Numbers with check digits: the unified social credit code, the bank number (CNAPS), the account number.

Values come normalised: NFKC, no zero-width signs, no white space around; the credit code in upper case.
"""

from __future__ import annotations

import re

_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_FORM = re.compile(f"[{_SIGNS}]{{2}}[0-9]{{6}}[{_SIGNS}]{{10}}")


def is_uscc(code: str) -> bool:
    """Whether `code` is a credit code with both check signs.

    Source  GB 32100-2015: weights 3^i mod 31, sign 18 is (31 − Σ) mod 31, so 0 where Σ is a multiple of 31;
            GB 11714-1997 over signs 9–17, with X for 10.

    >>> is_uscc("114403070075514700"), is_uscc("91310115MA1H8R7C6D")
    (True, False)
    """
    return bool(_FORM.fullmatch(code)) and code[17] == _check_sign(code[:17]) and _is_organisation(code[8:17])


def _check_sign(code: str) -> str:
    total = sum(weight * _SIGNS.index(sign) for weight, sign in zip(_WEIGHTS, code, strict=True))
    return _SIGNS[-total % 31]


def _is_organisation(code: str) -> bool:
    total = sum(w * _ORGANISATION.index(sign) for w, sign in zip(_ORGANISATION_WEIGHTS, code[:8], strict=True))
    return code[8] == "0123456789X"[-total % 11]


def is_cnaps(number: str) -> bool:
    """Whether `number` is a 12-digit bank number with its check digit (ISO 7064 MOD 11,10).

    >>> is_cnaps("313651027012"), is_cnaps("313651027013")
    (True, False)
    """
    if not re.fullmatch("[0-9]{12}", number):
        return False
    check = 10
    for digit in number[:11]:
        check = ((check + int(digit)) % 10 or 10) * 2 % 11
    return (check + int(number[11])) % 10 == 1


def is_account(number: str) -> bool:
    """Whether `number` is 8 to 30 digits. No check digit: company accounts carry none in common."""
    return bool(re.fullmatch("[0-9]{8,30}", number))
