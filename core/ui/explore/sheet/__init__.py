"""The contact sheet, the large picture opened from it, and the bar of marks of both.

It never knows which tab it stands in.
"""
