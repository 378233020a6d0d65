"""The command line that all verbs share: parsing, routing, the table of verbs, and what a verb gets and returns."""
