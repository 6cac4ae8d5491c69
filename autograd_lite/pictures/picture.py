"""A diagram as a graphviz.Digraph. Only this module imports graphviz."""

import inspect
import os
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import graphviz

from autograd_lite.pictures.diagram import FONT, FRAME, GREY, Diagram, describe, neighbours
from autograd_lite.pictures.layout import find_bands
from autograd_lite.pictures.pgf import to_pgf
from autograd_lite.pictures.svg import scrolling_image, to_svg

HOW_TO_GET_DOT = (
    "to get the program dot, install Graphviz with your system's package manager (apt-get install graphviz, "
    "brew install graphviz, winget install graphviz, conda install graphviz); SVG needs it only with use_dot=True"
)

GROUP = {"labeljust": "l", "fontsize": str(FRAME.font_size), "fontcolor": GREY, "style": "rounded,filled"}
GROUP |= {"color": FRAME.border, "fillcolor": FRAME.fill}


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A graphviz.Digraph whose SVG is drawn by our own layout, without the program `dot`.

    Everything that the library offers works: `source`, `render`, `pipe`, `save`, `view`, display in Jupyter. All other
    formats, and SVG with `use_dot` or where DOT statements were added, are drawn by `dot`.

    Attributes:
        diagram: what our own layout draws.
        own_source: the DOT text of the diagram, which tells whether statements were added.
        use_dot: whether `dot` draws SVG too.
    """

    diagram = Diagram((), ())
    own_source = ""
    use_dot = False

    def __repr__(self) -> str:
        return f"<Picture: {describe(self.diagram)}>"

    def copy(self) -> "Picture":
        """Return a copy, to which DOT statements can be added."""
        copied: Picture = super().copy()
        copied.diagram, copied.own_source, copied.use_dot = self.diagram, self.own_source, self.use_dot
        return copied

    def pipe(
        self, format: str | None = None, *, engine: str | None = None, encoding: str | None = None, **options: Any
    ) -> Any:
        """Return the picture as bytes, or as text in an encoding; the arguments are as in `graphviz.Digraph.pipe`."""
        if self._is_ours(format, engine, **options):
            svg = to_svg(self.diagram)
            return svg if encoding else svg.encode("utf-8")
        return by_dot(super().pipe, format, engine=engine, encoding=encoding, **options)

    def render(self, *arguments: Any, **options: Any) -> str:
        """Write the DOT text and the picture to files; the arguments are as in `graphviz.Digraph.render`."""
        asked = inspect.signature(super().render).bind(*arguments, **options).arguments
        outfile = Path(asked["outfile"]) if asked.get("outfile") else None
        format = asked.get("format") or (outfile.suffix[1:] if outfile else None)
        if not self._is_ours(format, asked.get("engine"), asked.get("renderer")):
            return str(by_dot(super().render, *arguments, **options))
        default = outfile.with_suffix(".gv") if outfile else None
        source = self.save(asked.get("filename") or default, directory=asked.get("directory"))
        target = Path(self.directory, outfile) if outfile else Path(f"{source}.svg")
        if asked.get("raise_if_result_exists") and target.exists():
            raise graphviz.FileExistsError(f"output file exists: {os.fspath(target)!r}")
        target.write_text(to_svg(self.diagram), encoding="utf-8")
        if asked.get("cleanup"):
            Path(source).unlink()
        if asked.get("view") or asked.get("quiet_view"):
            graphviz.view(target)
        return os.fspath(target)

    def _is_ours(self, format: str | None, engine: str | None, renderer: str | None = None, **_: Any) -> bool:
        """Return whether our own layout draws what is asked for."""
        as_svg = (format or self.format).lower() == "svg" and (engine or self.engine) == "dot" and renderer is None
        return as_svg and not self.use_dot and self.source == self.own_source

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **options: Any) -> dict[str, bytes | str]:
        """Return images for Jupyter; SVG only if it is asked for: nbconvert needs Inkscape to turn it into PDF."""
        bundle: dict[str, bytes | str] = super()._repr_mimebundle_(include, exclude, **options)
        return {kind: image for kind, image in bundle.items() if include is not None or kind != "image/svg+xml"}

    def _repr_html_(self) -> str:
        return scrolling_image(self.pipe("svg", encoding="utf-8"), describe(self.diagram))

    def _repr_latex_(self) -> str | None:
        """Return our own layout as LaTeX; None where DOT statements were added, which it does not have."""
        return to_pgf(self.diagram) if self.source == self.own_source else None


def by_dot(method: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call a method of the library; add to its error, where `dot` is not installed, how to get it."""
    try:
        return method(*arguments, **options)
    except graphviz.ExecutableNotFound as error:
        error.args = (f"{error}; {HOW_TO_GET_DOT}",)
        raise


def picture_of(diagram: Diagram, use_dot: bool = False) -> Picture:
    """Return the diagram as DOT text in a Picture.

    Box number i is the node "n{i}". Only labels hold the user's text: never names, HTML or records.

    >>> from autograd_lite.pictures.diagram import Arrow, Box
    >>> picture = picture_of(Diagram((Box(("a & b",), "leaf"), Box(("tanh(·)",), "operation")), (Arrow(0, 1),)))
    >>> "n0 -> n1" in picture.source
    True
    """
    graph = {"rankdir": diagram.direction, "ranksep": "0.3", "newrank": "true", "nodesep": "0.2", "fontname": FONT}
    nodes = {"shape": "box", "fontname": FONT, "margin": "0.11,0.08", "height": "0.3", "width": "0.4"}
    edges = {"arrowsize": "0.7", "color": GREY, "fontname": FONT, "fontsize": "10"}
    picture = Picture(format="svg", graph_attr=graph, node_attr=nodes, edge_attr=edges)
    add_nodes(picture, diagram, None)
    groups = dict.fromkeys(box.group for box in diagram.boxes if box.group is not None)
    for place, group in enumerate(groups, start=1):
        with picture.subgraph(name=f"cluster_{place}") as cluster:
            cluster.attr(label=in_dot([group]), **GROUP)
            add_nodes(cluster, diagram, group)
    add_gates(picture, diagram)
    for k, (tail, head, label, stroke) in enumerate(diagram.arrows):
        how = {"headlabel": label, "labeldistance": "1.6", "labelangle": "-28"} if label else {}
        if stroke is not None:
            how |= {"color": stroke.colour, "penwidth": f"{stroke.thickness:.4g}", "arrowhead": "none"}
            how |= {"style": "dashed"} if stroke.dashed else {}
        picture.edge(f"n{tail}", f"n{head}", id=f"e{k}", **how)
    picture.diagram = diagram
    picture.own_source, picture.use_dot = picture.source, use_dot
    return picture


def add_gates(picture: Picture, diagram: Diagram) -> None:
    """Make each group follow the one before it: an invisible node comes after the one and before the other.

    Without such gates `dot` puts the weights of a layer below the layer before.
    """
    parents, children = neighbours(len(diagram.boxes), diagram.arrows)
    bands = find_bands([box.group for box in diagram.boxes], parents, children)
    for gate, (band, following) in enumerate(pairwise(sorted(set(bands)))):
        picture.node(f"gate{gate}", "", style="invis", shape="point", width="0", height="0")
        for box, at in enumerate(bands):
            if at == band and all(bands[child] != band for child in children[box]):
                picture.edge(f"n{box}", f"gate{gate}", style="invis", weight="0")
            if at == following and all(bands[parent] != following for parent in parents[box]):
                picture.edge(f"gate{gate}", f"n{box}", style="invis", weight="0")


def add_nodes(graph: graphviz.Digraph, diagram: Diagram, group: str | None) -> None:
    """Add the boxes of a group, or those outside of all groups, to the picture or to a part of it."""
    for number, box in enumerate(diagram.boxes):
        if box.group != group:
            continue
        look = box.look
        graph.node(
            f"n{number}",
            in_dot(box.lines),
            id=f"n{number}",
            **{"class": f"{box.kind} root" if box.is_root else box.kind},
            style=f"filled{',rounded' if look.rounded else ''}{',dashed' if look.dashed else ''}",
            fillcolor=look.fill,
            color=look.border,
            penwidth=f"{look.thickness:.4g}",
            fontsize=str(look.font_size),
            peripheries="2" if box.is_root else "1",
            **({"shape": "circle", "fixedsize": "shape"} if look.circle else {}),
        )


def in_dot(lines: Iterable[str]) -> str:
    r"""Return lines of text as a DOT label that shows them literally.

    Graphviz decodes HTML entities in labels, treats a backslash specially, and takes <...> for HTML.

    >>> print(in_dot(["&lt; \\N", "<b>"]))
    &amp;lt; \\N\n<b>
    """
    text = "\\n".join(line.replace("\\", "\\\\").replace("&", "&amp;") for line in lines)
    return graphviz.nohtml(text)  # type: ignore[no-any-return]
