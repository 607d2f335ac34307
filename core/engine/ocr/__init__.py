"""Text recognition: lines found, read, laid out in blocks, language guessed.

It never builds a response of the service; the text annotator does.
"""
