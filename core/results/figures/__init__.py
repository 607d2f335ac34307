"""Plotly figures: pure functions from dataframes.

They never ask the store and never know a filter.
"""
