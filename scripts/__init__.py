"""Tools around the product: bench, screenshots, browser driving."""
