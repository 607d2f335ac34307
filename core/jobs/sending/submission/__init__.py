"""One operation, sent exactly once: claim, mark in the bucket, call, late answer.

It never chooses which operation is next.
"""
