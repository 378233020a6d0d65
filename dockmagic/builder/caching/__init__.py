"""What earlier builds gave: kept by keys, explained, named, pruned."""
