"""Columns as codes in NumPy, and what is counted in them: names, colours, relations, texts.

They never read shards and know no filter.
"""
