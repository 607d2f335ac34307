"""Contact Sheet: a dashboard for offline batch annotation with Google Cloud Vision.

Layers, from the top: ``ui``; then ``jobs``, ``results`` and ``engine`` side by side, which never
import each other; then ``buckets``, ``settings`` and ``errors``.
"""
