"""LABEL_DETECTION: evidence of several models, the rules that weigh it, the annotator.

It never answers another feature.
"""
