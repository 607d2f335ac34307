"""Questions in SQL about one batch's tables, answered by a process that can reach nothing else.

It never answers a chart: those are asked by ``core.results.query``.
"""
