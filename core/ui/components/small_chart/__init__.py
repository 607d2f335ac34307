"""Charts of bars and words, drawn without plotly's scripts.

Holds the component and what it reads of a figure; asks no question and makes no figure.
"""
