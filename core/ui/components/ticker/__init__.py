"""A clock in the browser that runs a dialog again while it waits for something.

It never knows what is waited for.
"""
