"""The verbs: one file each, with its parameters, the call, and what it returns. Every front end parses them here."""
