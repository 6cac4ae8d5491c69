"""Pictures: the graph as a plain diagram, its layout, and SVG or DOT."""
