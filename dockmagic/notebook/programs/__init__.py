"""The output of programs while they run in a cell."""
