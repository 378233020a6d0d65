"""Programs on a terminal of their own, which go on while the notebook does."""
