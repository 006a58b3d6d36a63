"""What people receive: the form to fill in, the ledger that is signed, the exceptions to mend."""

from disburse.workbooks.exceptions import write_exceptions
from disburse.workbooks.ledger import write_ledger
from disburse.workbooks.month import Month
from disburse.workbooks.template import write_form, write_template

__all__ = ["Month", "write_exceptions", "write_form", "write_ledger", "write_template"]
