"""What somebody else than the one user may see and do.

It never sends or stores by itself; it asks ``core.jobs.jobs``.
"""
