"""Registries over HTTP: the client, its configuration and credentials, search, and the embedded server."""
