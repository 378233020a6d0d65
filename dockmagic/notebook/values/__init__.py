"""Values of cells where a verb gives text, data, or the output of a program."""
