"""The Submit page's steps: sources, options, summary, drafts.

They never send; ``core.jobs`` does.
"""
