"""Batches in the background: their data removed, and what a row of Operations shows of them."""
