"""Completion of commands, flags, images, containers and paths."""
