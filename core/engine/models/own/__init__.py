"""Models that an operator brings: a manifest beside an ONNX file, checked and tried before use.

They never answer other features than those of their task, and nothing of them is fetched by itself.
"""
