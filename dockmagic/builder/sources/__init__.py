"""Where files come from: the context, archives, images, the web, git. All are asked in the same way."""
