"""The auditor's side: a run calculated again and compared, a row explained, rows drawn for inspection."""
