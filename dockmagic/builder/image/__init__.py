"""What a step adds to an image: a layer, and the documents that name it."""
