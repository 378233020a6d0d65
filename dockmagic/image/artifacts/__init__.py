"""Artifacts: files in a registry or image layout that are no images, as oras and regctl write them (manifest.md)."""
