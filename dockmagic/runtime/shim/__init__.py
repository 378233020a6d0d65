"""The process that keeps one container, and all that makes its program see nothing else.

Only the standard library is imported here, and little of it: a container should start at once.
"""
