"""The second opinion: the month calculated again, row by row, sharing no rule with disburse.rules or disburse.settlement."""
