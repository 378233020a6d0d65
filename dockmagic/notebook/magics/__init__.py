"""``%docker``, ``%%docker`` and the short magics: from the text of a cell to a call, and from its result to a value."""
