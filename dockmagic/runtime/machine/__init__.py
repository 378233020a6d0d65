"""What this machine lets us do, and the helper processes that do it."""
