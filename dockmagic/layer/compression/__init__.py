"""Compressions of layers and archives: one module per algorithm, and the streams that use them."""
