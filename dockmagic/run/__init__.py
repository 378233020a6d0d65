"""Containers: an image, one writable layer on top, and a process that sees nothing else; without root where it must be."""
