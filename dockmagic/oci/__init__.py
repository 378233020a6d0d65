"""The OCI specifications as types, without input or output."""
