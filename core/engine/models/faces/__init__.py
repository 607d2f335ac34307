"""Models that find faces and look at them: the finder, the mesh of 468 points, pupils, joy.

They take pictures and boxes and return numbers; they never name anything in the service's words,
which ``annotators`` does.
"""
