"""Units and money as pages show them: savings before sending, spending, the budget.

They never compute a price; ``core.jobs.billing`` does.
"""
