"""Surgery: images changed without a build. Each operation is a pure function of a workspace and an image.

The new image goes into the workspace's store, without a name; the old one stays as it is. History and ``created`` tell
what was done and when; a layer that need not change keeps its blob.
"""
