"""Long-running operations: stored, dispatched, retried, written as shards.

They never parse a request and never run a model; workers do.
"""
