"""From pictures to a ``gs://`` prefix: features, cost, requests, operations and the ledger.

It never reads results and never imports the engine, which it knows over the wire alone.
"""
