"""A workbook file → its sheets as plain data, read by a process of its own with limits on time and memory.

    worker.py      the calling side: one child process, watched; `read(path)` is all the rest of the program needs
    child.py       the child: reads one file after another and sends what it finds in blocks
    kind.py        what a file is, by its first bytes
    xlsx.py        .xlsx and .xlsm: package.py (the archive), book.py (sheets, strings, date styles),
                   rows.py (rows and cells as written), values.py (cells as meant)
    xls.py, delimited.py   the old binary format; CSV
    cell.py, unreadable.py what goes across: cells, and why a file cannot be read

Nothing here may import the rest of the program: the child must start in an instant.
"""
