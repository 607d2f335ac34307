"""What tabs hold beside charts and sheet: duplicates, texts, thumbnails of the map, what-if.

A panel never imports a tab.
"""
