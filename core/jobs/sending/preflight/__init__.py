"""What is looked at before sending: pictures, files, the service's own advice.

It never sends and never changes a picture.
"""
