"""Text of documents and pictures, to be read page by page and taken along: searchable PDF, hOCR,
ALTO, plain text, Markdown and tables of key figures.

A document is what has one address: a file with its pages, or a picture. It never opens an original
itself: a process of its own does.
"""
