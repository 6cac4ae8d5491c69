"""The interactive view: every application of the chain rule, in a notebook, a page from disk, a widget, a terminal."""
