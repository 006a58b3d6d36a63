"""From the bureaus' workbooks of approved applications to a ledger that can be signed, audited and paid."""

__version__ = "0.1.0"
