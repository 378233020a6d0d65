"""The messages between the processes of a run: a module for each conversation, and how they are written and checked.

Imported by the shim and the fork server, which import little.
"""
