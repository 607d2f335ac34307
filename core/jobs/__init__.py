"""From pictures to a ``gs://`` prefix: features, cost, requests, operations and the ledger."""
