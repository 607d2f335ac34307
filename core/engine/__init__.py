"""The embedded engine: Vision's protocol on loopback, answered by open models."""
