"""One module a feature; each fills its part of an ``AnnotateImageResponse``."""
