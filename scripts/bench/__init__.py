"""``make bench``: speed as ratios, side by side with what a user would otherwise do."""
