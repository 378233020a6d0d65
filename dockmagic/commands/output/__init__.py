"""Results as text: tables, templates, documents, and the lines that verbs print."""
