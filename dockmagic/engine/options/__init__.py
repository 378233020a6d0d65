"""Options of requests: each defined once, with its flag, its types from Python and a command line, and its help."""
