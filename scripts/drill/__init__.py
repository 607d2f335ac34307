"""Fault drills: ``python -m scripts.drill``. Real processes, one fault at a time, in mid-job."""
