"""Where things of the ledger lie, as they may be shown and noted: its database, its own files.

It never opens a database or a file.
"""
