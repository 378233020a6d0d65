"""Places that images are copied from and to, by the names of containers-transports(5): a module for each transport."""
