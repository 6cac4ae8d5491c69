"""For teachers: what is wrong with a network that does not learn."""
