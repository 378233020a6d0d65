"""How domain objects look at the end of a cell, as text and as HTML."""
