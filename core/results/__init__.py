"""From a ``gs://`` prefix to tables, filters, figures and exports.

It never imports jobs or the engine and never calls a service.
"""
