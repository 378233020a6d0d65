"""The process that works on a container's files as their owner: it unpacks, looks, packs, copies and settles."""
