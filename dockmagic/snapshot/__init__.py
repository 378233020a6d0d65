"""Root file systems of containers and build steps: an image's layers below, and what was written above them."""
