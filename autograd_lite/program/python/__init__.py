"""Back ends in Python: the source text of a program, and what runs it."""
