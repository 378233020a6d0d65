"""The words of the OCI specifications, without input or output: everything else speaks in them."""
