"""The switch between the light and the dark theme."""
