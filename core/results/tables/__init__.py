"""Shards to Arrow tables, one a feature, and their cache on disk.

They never filter and never draw.
"""
