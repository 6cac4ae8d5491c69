"""Words: what a graph is called, and how its formulas and sentences are written."""
