"""A picture without the graphviz library, which Python in a browser does not have: SVG by our own layout."""

from dataclasses import dataclass
from typing import Any

from autograd_lite.pictures.diagram import Diagram, describe
from autograd_lite.pictures.pgf import to_pgf
from autograd_lite.pictures.svg import scrolling_image, to_svg


@dataclass(frozen=True, repr=False)
class PlainPicture:
    """What `draw` returns where graphviz is not installed: it shows itself in notebooks."""

    diagram: Diagram
    use_dot: bool

    def __repr__(self) -> str:
        return f"<Picture: {describe(self.diagram)}>"

    def pipe(self, format: str = "svg", *, encoding: str | None = None) -> Any:
        """Return the picture as SVG: as bytes, or as text in an encoding.

        Raises:
            ImportError: if another format or the program `dot` is asked for.
        """
        if format != "svg" or self.use_dot:
            raise ImportError("without graphviz, only SVG by our own layout can be drawn: pip install graphviz")
        svg = to_svg(self.diagram)
        return svg if encoding else svg.encode("utf-8")

    def _repr_html_(self) -> str:
        return scrolling_image(self.pipe(encoding="utf-8"), describe(self.diagram))

    def _repr_latex_(self) -> str:
        return to_pgf(self.diagram)


def picture_of(diagram: Diagram, use_dot: bool = False) -> Any:
    """Return the diagram as a picture, as `autograd_lite.pictures.picture` does with graphviz."""
    return PlainPicture(diagram, use_dot)
