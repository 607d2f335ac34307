"""What a batch is: its pictures, its features and options, the requests made of them.

It never talks to a service and never stores anything.
"""
