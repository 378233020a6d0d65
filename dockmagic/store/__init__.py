"""Where content comes from and where it is kept: registries, layers, the store on disk."""
