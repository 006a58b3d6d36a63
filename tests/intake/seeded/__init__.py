"""Sound submissions in the layouts offices use, with exactly one defect planted in a known cell.

content   what the applications say: enterprises, measures, amounts, dates
layouts   how a clerk draws them: titles, headings, units, merged cells, totals, footers
defects   what is planted, and where it must be found
files     the drawing as .xlsx, .csv or .xls
case      one submission of one seed: made, checked, compared

`python -m tests.intake.seeded N` makes and checks N of them and prints what was missed and what was made up.
"""
