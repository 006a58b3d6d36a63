"""The rules: one step, one module, each a pure function over the open rows. RULES names them in the order applied.

A step may only lower an amount, and each time it does it leaves a cut. Held and rejected rows leave the table: they
use up nothing and block nobody.
"""

from disburse.rules.budget import budget
from disburse.rules.duplication import duplication
from disburse.rules.eligibility import eligibility
from disburse.rules.entitlement import entitlement
from disburse.rules.limits import alone, limits
from disburse.rules.questions import questions
from disburse.rules.validity import validity

EXAMINE = (validity, eligibility, questions)
"""Steps 1–3: what `check` makes too."""

CALCULATE = (
    (entitlement, "entitled_fen"),
    (alone, "alone_fen"),
    (duplication, "distinct_fen"),
    (limits, "limited_fen"),
    (budget, "paid_fen"),
)
"""Steps 4–8, each with the amount of the chain it leaves behind."""

__all__ = ["CALCULATE", "EXAMINE"]
