"""Batches in the background: data of deleted ones removed, and what a row of Operations shows.

It never sends or polls, and never asks who looks on.
"""
