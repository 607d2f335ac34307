"""Buckets and objects as they are kept: index, bytes, conditions, listings.

They never know HTTP.
"""
