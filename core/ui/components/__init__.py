"""What several pages share: widgets, chart cards, chooser, URL state, stores.

They never import a page's own parts or the server's.
"""
