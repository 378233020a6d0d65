"""Progress of transfers and builds in a cell."""
