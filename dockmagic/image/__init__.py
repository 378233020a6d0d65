"""Images: read-only views of them, and what can be done with them."""
