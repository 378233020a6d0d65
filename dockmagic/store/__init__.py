"""The local store: paths, blobs by digest, names, partial downloads, leases, garbage collection."""
