"""The service's two ways in, gRPC and REST, and what it refuses before any work is done.

It never opens a picture and never keeps state of its own.
"""
