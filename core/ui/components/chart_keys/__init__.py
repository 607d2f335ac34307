"""Plotly's charts by keyboard.

It reads what plotly drew and presses it as the mouse does; it never asks the server for anything.
"""
