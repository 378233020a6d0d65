"""Authentication with one registry: one module per scheme, the table of schemes, and where credentials may go."""
