"""From a ``gs://`` prefix of shards to tables, filters, figures and a report."""
