"""What is worked out of a whole batch: near-duplicates, similarity map, other thresholds.

It never draws; figures do.
"""
