"""A diagram as a graphviz.Digraph. Only this module imports graphviz."""

import base64
import functools
import os
import pathlib
import re
import subprocess
import warnings
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import graphviz
from graphviz.backend import dot_command, execute, rendering

from autograd_lite.pictures.diagram import (
    ARROW_COLOUR,
    FONT,
    GROUP_BORDER,
    GROUP_FILL,
    GROUP_TEXT,
    Box,
    Diagram,
    describe,
    neighbours,
)
from autograd_lite.pictures.layout import find_bands
from autograd_lite.pictures.svg import to_svg

HOW_TO_GET_DOT = (
    "install Graphviz with your system's package manager (apt-get install graphviz, brew install graphviz, "
    "winget install graphviz, conda install graphviz)"
)

SMALLEST_SCALE = 0.65  # of its natural size, at which the text of a picture can still be read


class DotNotFoundError(graphviz.ExecutableNotFound):  # type: ignore[misc]
    """The program `dot` cannot be run, and what was asked for cannot be drawn without it."""

    def __init__(self, message: str) -> None:
        RuntimeError.__init__(self, message)


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A graphviz.Digraph that draws SVG even where the program `dot` is missing, and that stops `dot` after a time.

    Everything that the library graphviz offers works: `source`, `render`, `pipe`, `save`, `view`, display in Jupyter,
    further DOT statements (which only `dot` can draw).

    Arguments:
        diagram: what is drawn without `dot`.
        time_limit: how many seconds `dot` may take.
        use_dot: whether SVG is drawn by `dot`, if it is there; other formats always are.
        arguments, options: those of graphviz.Digraph.
    """

    def __init__(
        self, *arguments: Any, diagram: Diagram, time_limit: float = 30.0, use_dot: bool = True, **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.diagram = diagram
        self.time_limit = time_limit
        self.use_dot = use_dot

    def __repr__(self) -> str:
        return f"<Picture: {describe(self.diagram)}>"

    def _copy_kwargs(self, **options: Any) -> dict[str, Any]:
        """What `copy` and `subgraph` of the library pass to a new Picture."""
        own = {"diagram": self.diagram, "time_limit": self.time_limit, "use_dot": self.use_dot}
        return {**super()._copy_kwargs(**options), **own}

    def _repr_mimebundle_(self, *arguments: Any, **options: Any) -> dict[str, bytes | str]:
        """What Jupyter shows: the picture; in HTML no smaller than can be read, with a scroll bar if it is too wide."""
        bundle: dict[str, bytes | str] = super()._repr_mimebundle_(*arguments, **options)
        svg = bundle.get("image/svg+xml")
        width = re.search(r'<svg [^>]*?width="([\d.]+)pt"', svg) if isinstance(svg, str) else None
        if width is not None:
            pixels = float(width[1]) * 96 / 72
            data = base64.b64encode(str(svg).encode("utf-8")).decode("ascii")
            bundle["text/html"] = (
                f'<div style="overflow-x:auto"><img alt="{describe(self.diagram)}" '
                f'style="width:100%;min-width:{SMALLEST_SCALE * pixels:.0f}px;max-width:{pixels:.0f}px" '
                f'src="data:image/svg+xml;base64,{data}"></div>'
            )
        return bundle

    # The three ways in which the library runs `dot`: it looks them up by these names.

    def _pipe_lines(
        self, engine: str, format: str, lines: Iterable[str], *, input_encoding: str, quiet: bool, **options: Any
    ) -> bytes:
        return self._run(engine, format, "".join(lines).encode(input_encoding), quiet=quiet, **options)

    def _pipe_lines_string(
        self, engine: str, format: str, lines: Iterable[str], *, encoding: str, quiet: bool, **options: Any
    ) -> str:
        return self._run(engine, format, "".join(lines).encode(encoding), quiet=quiet, **options).decode(encoding)

    def _render(
        self,
        engine: str,
        format: str,
        filepath: str,
        *,
        outfile: os.PathLike[str] | None,
        raise_if_result_exists: bool,
        overwrite_filepath: bool,
        quiet: bool,
        **options: Any,
    ) -> str:
        source = pathlib.Path(filepath)
        suffixes = {name: options.get(name) for name in ("renderer", "formatter")}
        target = pathlib.Path(outfile or rendering.get_outfile(source, format=format, **suffixes))
        if raise_if_result_exists and overwrite_filepath:
            raise ValueError("overwrite_source cannot be combined with raise_if_result_exists")
        if raise_if_result_exists and target.exists():
            raise graphviz.FileExistsError(f"output file exists: {os.fspath(target)!r}")
        if target.resolve() == source.resolve() and not overwrite_filepath:
            raise ValueError(f"outfile {target.name!r} is the DOT file; pass overwrite_source=True to allow it")
        target.write_bytes(
            self._run(engine, format, source.read_bytes(), quiet=quiet, directory=source.parent, **options)
        )
        return os.fspath(target)

    def _run(
        self,
        engine: str,
        format: str,
        source: bytes,
        *,
        quiet: bool,
        directory: pathlib.Path | None = None,
        **options: Any,
    ) -> bytes:
        """What `dot` makes of the DOT text; without `dot` our own SVG, if that is what was asked for.

        Raises:
            TimeoutError: if `dot` takes longer than the time limit.
            DotNotFoundError: if there is no `dot`, and something else than the unchanged picture as SVG is asked for.
            graphviz.CalledProcessError: if `dot` fails, likewise.
        """
        command = dot_command.command(engine, format, **options)
        changed = self.source != picture_of(self.diagram).source  # the library lets users add DOT statements
        drawable = format.lower() == "svg" and engine == "dot" and options.get("renderer") is None and not changed
        if drawable and not self.use_dot:
            return to_svg(self.diagram).encode("utf-8")
        try:
            done = execute.run_check(
                command, input=source, capture_output=True, quiet=quiet, cwd=directory, timeout=self.time_limit
            )
        except subprocess.TimeoutExpired:
            raise TimeoutError(
                f"dot was stopped after {self.time_limit} seconds, the time limit, while drawing "
                f"{len(self.diagram.boxes)} nodes and {len(self.diagram.arrows)} edges: draw a part of the graph, "
                "allow more with draw(..., time_limit=...), or do without dot with draw(..., use_dot=False)"
            ) from None
        except (graphviz.ExecutableNotFound, graphviz.CalledProcessError, OSError) as error:
            # Missing, broken, or forbidden: in a browser, for instance, no process can be started.
            if drawable:
                note_missing_dot(
                    "was not found" if isinstance(error, graphviz.ExecutableNotFound) else f"failed: {error}"
                )
                return to_svg(self.diagram).encode("utf-8")
            if isinstance(error, graphviz.CalledProcessError):
                raise
            wish = "DOT statements added by hand" if changed else f"format {format!r} with engine {engine!r}"
            raise DotNotFoundError(
                f"{wish}: this needs the program dot, which could not be run ({error}). To get it, {HOW_TO_GET_DOT}. "
                "Without it, an unchanged picture can be drawn in the format 'svg'"
            ) from error
        output: bytes = done.stdout
        return output


@functools.cache
def note_missing_dot(reason: str) -> None:
    """Say, once in a process for each reason, that pictures are drawn without `dot`."""
    warnings.warn(
        f"pictures are laid out by autograd_lite itself, because Graphviz' program dot {reason}; to get dot, "
        f"{HOW_TO_GET_DOT}",
        UserWarning,
        stacklevel=2,
    )


def picture_of(diagram: Diagram, format: str = "svg", time_limit: float = 30.0, use_dot: bool = True) -> Picture:
    """The diagram as DOT text in a Picture.

    Box number i is the node "n{i}". Only labels hold the user's text: never names, HTML or records.

    >>> from autograd_lite.pictures.diagram import Arrow
    >>> picture = picture_of(Diagram((Box(("a & b",), "leaf"), Box(("tanh(·)",), "operation")), (Arrow(0, 1),)))
    >>> "n0 -> n1" in picture.source
    True
    """
    picture = Picture(
        diagram=diagram,
        time_limit=time_limit,
        use_dot=use_dot,
        format=format,
        graph_attr={
            "rankdir": diagram.direction,
            "ranksep": "0.3",
            "newrank": "true",
            "nodesep": "0.2",
            "fontname": FONT,
        },
        node_attr={"shape": "box", "fontname": FONT, "margin": "0.11,0.08", "height": "0.3", "width": "0.4"},
        edge_attr={"arrowsize": "0.7", "color": ARROW_COLOUR, "fontname": FONT, "fontsize": "10"},
    )
    members: dict[str | None, list[int]] = {None: []}
    for number, box in enumerate(diagram.boxes):
        members.setdefault(box.group, []).append(number)
    for place, (group, numbers) in enumerate(members.items()):
        if group is None:
            add_nodes(picture, diagram, numbers)
        else:
            with picture.subgraph(name=f"cluster_{place}") as cluster:
                cluster.attr(
                    label=in_dot([group]),
                    labeljust="l",
                    fontsize="12",
                    fontcolor=GROUP_TEXT,
                    style="rounded,filled",
                    color=GROUP_BORDER,
                    fillcolor=GROUP_FILL,
                )
                add_nodes(cluster, diagram, numbers)
    add_gates(picture)
    for k, (tail, head, label) in enumerate(diagram.arrows):
        at_head = {"headlabel": label, "labeldistance": "1.6", "labelangle": "-28"} if label else {}
        picture.edge(f"n{tail}", f"n{head}", id=f"e{k}", **at_head)
    return picture


def add_gates(picture: Picture) -> None:
    """Make each group follow the one before it: a node that is not seen comes after the one and before the other.

    Without such gates `dot` puts the weights of a layer below the layer before.
    """
    parents, children = neighbours(picture.diagram)
    bands = find_bands([box.group for box in picture.diagram.boxes], parents, children)
    for gate, (band, following) in enumerate(pairwise(sorted(set(bands)))):
        picture.node(f"gate{gate}", "", style="invis", shape="point", width="0", height="0")
        for box, at in enumerate(bands):
            if at == band and all(bands[child] != band for child in children[box]):
                picture.edge(f"n{box}", f"gate{gate}", style="invis", weight="0")
            if at == following and all(bands[parent] != following for parent in parents[box]):
                picture.edge(f"gate{gate}", f"n{box}", style="invis", weight="0")


def add_nodes(graph: graphviz.Digraph, diagram: Diagram, numbers: Iterable[int]) -> None:
    """Add some boxes of the diagram to the picture, or to a part of it."""
    for number in numbers:
        box: Box = diagram.boxes[number]
        look = box.look
        words = ["filled", *(["rounded"] if look.rounded else []), *(["dashed"] if look.dashed else [])]
        graph.node(
            f"n{number}",
            in_dot(box.lines),
            id=f"n{number}",
            **{"class": f"{box.kind} root" if box.is_root else box.kind},
            style=",".join(words),
            fillcolor=look.fill,
            color=look.border,
            penwidth=str(look.thickness),
            fontsize=str(look.font_size),
            peripheries="2" if box.is_root else "1",
        )


def in_dot(lines: Iterable[str]) -> str:
    r"""Lines of text as a DOT label that shows them as they are.

    Graphviz decodes HTML entities in labels, gives a backslash a meaning of its own, and takes <...> for HTML.

    >>> print(in_dot(["&lt; \\N", "<b>"]))
    &amp;lt; \\N\n<b>
    """
    text = "\\n".join(line.replace("\\", "\\\\").replace("&", "&amp;") for line in lines)
    return graphviz.nohtml(text)  # type: ignore[no-any-return]
