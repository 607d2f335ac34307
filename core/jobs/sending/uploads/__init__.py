"""Files of this machine and of the browser, on their way into the bucket.

They never call Vision.
"""
