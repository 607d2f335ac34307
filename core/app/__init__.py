"""The running application without Streamlit: hub, job watcher, engine process, background tasks.

It never draws a page and never imports Streamlit or ``core.ui``.
"""
