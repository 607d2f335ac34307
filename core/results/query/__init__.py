"""Filters and the questions that pages put to a batch: the store, selections, text search.

It never reads shards from storage (one raw answer apart) and never draws.
"""
