"""For teachers: networks that do not learn, and handouts of the delta recursion."""
