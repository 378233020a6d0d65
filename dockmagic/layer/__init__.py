"""Layers: what is in one, how they stack, how they are taken apart and made.

The way of the data: compressed chunks → `ingest` (by `scan`) → `table` → `tree` → `compare`; `read` and `unpack` take
content out of a layer, `pack` and `compression` make a new one.
"""
