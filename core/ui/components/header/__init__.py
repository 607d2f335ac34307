"""The header of every page of results: which batch, filters, runs, saved views.

It never counts or filters; the store does.
"""
