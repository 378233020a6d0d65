"""Standard input and output of verbs: programs that are followed, archives, passwords."""
