"""Workbooks → typed tables: files, sheets, headings, cells with their addresses, identifiers, checks."""

from disburse.intake.applications import Intake, read_applications
from disburse.intake.files import Source, sources
from disburse.intake.grid import SheetTable
from disburse.intake.lists import read_list
from disburse.intake.workbook import read_workbook

__all__ = ["Intake", "SheetTable", "Source", "read_applications", "read_list", "read_workbook", "sources"]
