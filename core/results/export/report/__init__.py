"""The report: what it says (``document``), as an HTML file, and on paper.

It never decides which pictures pass; it is given a selection.
"""
