"""The database of jobs: schema, rows, records, transactions, saved views.

It never talks to a service or to storage.
"""
