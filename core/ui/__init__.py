"""The only Streamlit code outside ``app.py`` and ``pages/``: the pages' parts and their server.

It never decodes, counts or sends; ``core.app`` and the layers below do.
"""
