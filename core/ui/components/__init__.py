"""What several pages share: batch header, strip of pictures, chart cards, URL state, stores.

They never import a page's own parts or the server's.
"""
