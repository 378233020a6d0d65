"""Container init: what a process is from its fork until it is a container's program.

Only the standard library is imported here, and little of it: a container should start at once.
"""
