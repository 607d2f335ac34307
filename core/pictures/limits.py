"""How large a picture may be: the service's own limits, one number each for the whole project.

Sources: cloud.google.com/vision/quotas ("Image file size: 20 MB"; "PDF file size: 1 GB") and
"Image too large. Please limit to 75 megapixels." as users report the service's answer
(openfoodfacts-server #10764).
"""

from __future__ import annotations

MB = 1024 * 1024  # as the service counts: its 20 MB are 20,971,520 bytes
MAX_BYTES = 20 * MB  # of a picture
MAX_SAID = f"{MAX_BYTES // MB} MB"  # for people
MAX_PIXELS = 75_000_000  # of a picture or a frame; of a PDF's page, points
MAX_FILE_BYTES = 1024**3  # of a file of pages
# Reading one picture takes at most this, bytes of address space beyond its own: 75 million pixels
# of four bytes as Pillow keeps them, twice while a mode is changed that cannot be read in bands.
MAX_MEMORY = 768 * 1024 * 1024


def too_large(size: int) -> str:
    """What is wrong with a picture of so many bytes; "" if nothing is.

    >>> too_large(MAX_BYTES + 1)
    'The file has 20,971,521 bytes; the service takes pictures up to 20 MB (20,971,520 bytes)'
    """
    if size <= MAX_BYTES:
        return ""
    near = size < MAX_BYTES + MB // 10
    has = f"{size:,} bytes" if near else f"{size / MB:,.1f} MB"
    exactly = f" ({MAX_BYTES:,} bytes)" if near else ""
    return f"The file has {has}; the service takes pictures up to {MAX_SAID}{exactly}"
