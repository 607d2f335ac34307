"""The operator's own pictures and their index, for logos, landmarks and web detection.

They never annotate and never leave the machine.
"""
