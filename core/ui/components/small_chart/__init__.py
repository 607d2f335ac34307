"""Charts of bars and words, drawn without plotly's scripts.

Holds the component and what it reads of a figure; never makes a figure, and never asks a store.
"""
