"""What the tables know of one picture: summary, annotations, where a search was found.

It never filters a batch.
"""
