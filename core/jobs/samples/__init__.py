"""The sample batch: pictures as files, with their licences.

It never downloads, and nothing else of ``core.jobs`` imports it.
"""
