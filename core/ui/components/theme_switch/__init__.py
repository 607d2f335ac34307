"""The switch between the light and the dark theme, in the menu's line.

It never draws with a theme; pages ask ``style.theme``.
"""
