"""Makes the data files of ``core`` from their public sources; not needed to run."""
