"""How well the embedded engine answers, on pictures with known answers; one module a feature."""
