"""Contact Sheet: a dashboard for offline batch annotation with Google Cloud Vision.

Layers, from the top: ``ui``; ``app`` and ``doctor``; ``jobs``, ``results`` and ``engine`` side by
side, which never import each other; ``pictures``; then storage, settings and errors.
"""
