"""Batches: marks of one, what a row of Operations shows, data of deleted ones removed.

It never sends or polls, and never asks who looks on.
"""
