"""Containers: an image, one writable layer on top, and a process that sees nothing else; root is not needed."""
