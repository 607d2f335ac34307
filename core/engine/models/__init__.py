"""Model files: fetched, checked by checksum, converted to ONNX, run.

They never decide what an annotation says; annotators do.
"""
