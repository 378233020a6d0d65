"""The verbs: one file each, with its parameters, the call, and what it returns. Both front doors parse them here."""
