"""Units and money: prices, months, spending, the budget, the quota's queue.

It never sends anything.
"""
