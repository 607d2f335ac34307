"""Answers of earlier jobs: which pictures of a batch need not be sent.

It never sends and never decodes a result.
"""
