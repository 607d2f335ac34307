"""The Operations page's parts: the list of jobs and one job's panel.

They never send or poll; ``core.jobs`` does.
"""
