"""Which servers stand behind a registry's name, and how each is trusted: registries.conf and certs.d."""
