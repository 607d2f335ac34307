"""A module for each tab of Explore, and which of them is open.

A tab never computes and never imports another.
"""
