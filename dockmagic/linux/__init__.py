"""What the kernel offers and Python does not: system calls, filters, capabilities, control groups, maps of ids."""
