"""Drivers: the ways to run a container on this machine, which `table` lists; each is one file of this package."""
