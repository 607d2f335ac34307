"""Processes, here or on a cluster, that read objects and run annotators on pictures and pages.

They never know operations, shards or clients.
"""
