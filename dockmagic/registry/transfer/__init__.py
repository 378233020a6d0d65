"""What goes over a registry's client: blobs both ways, manifests and paged lists."""
