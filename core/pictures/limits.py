"""How large a picture may be: the service's own limits, one number each for the whole project.

Sources: cloud.google.com/vision/quotas ("Image file size: 20 MB"; "PDF file size: 1 GB") and
"Image too large. Please limit to 75 megapixels." as users report the service's answer
(openfoodfacts-server #10764).
"""

from __future__ import annotations

MAX_BYTES = 20 * 1024 * 1024  # of a picture
MAX_PIXELS = 75_000_000  # of a picture or a frame; of a PDF's page, points
MAX_FILE_BYTES = 1024**3  # of a file of pages
# Reading one picture takes at most this, bytes of address space beyond its own: 75 million pixels
# of four bytes as Pillow keeps them, twice while a mode is changed that cannot be read in bands.
MAX_MEMORY = 768 * 1024 * 1024
