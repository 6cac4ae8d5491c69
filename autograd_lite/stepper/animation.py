"""The walk as an animated picture: one SVG file that moves by its style sheet alone, on a slide or in a README."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from xml.etree import ElementTree as Xml

from autograd_lite.pictures.diagram import text_width
from autograd_lite.pictures.svg import in_colour, number, to_svg, typeset_line
from autograd_lite.stepper.story import Json, Story
from autograd_lite.walk import WalkStep
from autograd_lite.words.notation import UNICODE

SECONDS = 2.0
"""How long a step is seen; the last one is seen three times as long."""
SIZE = 14
"""Of the text below the picture, in points."""
NOW = "#c2410c"
"""The colour of the edge that the chain rule is applied at."""
COLOURS = {"upstream": "#0550ae", "local": "#953800", "product": "#00605a", "total": "#6639ba", "wrong": "#a40e26"}
"""The colours of the page, on white."""
SVG = "{http://www.w3.org/2000/svg}"


def to_animation(story: Story, told: Json, direction: str) -> str:
    """Return the text of an SVG file that plays the walk again and again.

    Where nothing moves (in print, in a viewer without animation, for readers who prefer reduced motion), the end of the
    walk is shown.

    >>> from autograd_lite.value import Value
    >>> story = Story(Value(2.0, "a") * 3.0)
    >>> svg = to_animation(story, story.told(), "LR")
    >>> svg.count("<text "), "prefers-reduced-motion" in svg
    (11, True)
    """
    Xml.register_namespace("", SVG[1:-1])
    root = Xml.fromstring(to_svg(story.diagram(direction, room=True), titles=False))
    groups = {group.get("id", ""): group for group in root.iter(f"{SVG}g")}
    end = len(told["steps"])
    shown = [
        *_numbers(groups, told, end),
        *_moves(root, groups, told),
        *_captions(root, *map(_lines, (story.walk, story.walk_in(UNICODE._replace(mark=_mark))))),
    ]
    for element, start, stop in shown:
        element.set("class", f"t t{start}-{stop}" + (" end" if stop == end else ""))
    style = Xml.Element(f"{SVG}style")
    style.text = _style({(start, stop) for _, start, stop in shown}, end)
    root.insert(0, style)
    return Xml.tostring(root, encoding="unicode")


def _mark(quantity: str, text: str) -> str:
    return in_colour(COLOURS[quantity], text)


def _lines(walk: Iterable[WalkStep]) -> list[str]:
    return [f"{step.phase.capitalize()}: {step.parts[0]}" for step in walk]


Shown = Iterator[tuple[Xml.Element, int, int]]
"""Elements, each with the step at which it appears and the step at which it is gone."""


def _add(parent: Xml.Element, tag: str, text: str = "", **attributes: str) -> Xml.Element:
    names = {name.replace("_", "-"): value for name, value in attributes.items()}
    element = Xml.SubElement(parent, f"{SVG}{tag}", names)
    element.text = text
    return element


def _typeset(element: Xml.Element, line: str) -> Xml.Element:
    """Let a text element say a line, with small signs above and below the line."""
    written = typeset_line(line, float(element.get("font-size", SIZE)))
    made = Xml.fromstring(f'<text xmlns="{SVG[1:-1]}">{written}</text>')
    element.text, element[:] = made.text, list(made)
    return element


def _numbers(groups: Mapping[str, Xml.Element], told: Json, end: int) -> Shown:
    """The number of each box from its step on, and its gradient after each share that it has received."""
    steps = list(enumerate(told["steps"]))
    computed = {step["node"]: t for t, step in steps if step["phase"] == "forward"}
    for i, node in enumerate(told["nodes"]):
        if node["kind"] == "constant":
            continue
        box = groups[f"n{i}"]
        title, data, gradient = box.findall(f"{SVG}text")
        _typeset(title, node["title"])
        data.text = f"data {node['data'][0]}"
        yield data, computed.get(i, 0), end
        box.remove(gradient)
        name = f"{node['delta']} =" if "delta" in node else "grad"
        arrivals = [
            (t, step["total"][0])
            for t, step in steps
            if (step["phase"], step.get("parent", step.get("node"))) in {("seed", i), ("backward", i)}
        ]
        for (t, total), (stop, _) in pairwise([*arrivals, (end, "")]):
            yield _typeset(_add(box, "text", **gradient.attrib), f"{name} {total}"), t, stop


def _moves(root: Xml.Element, groups: Mapping[str, Xml.Element], told: Json) -> Shown:
    """At each step back, the edge in colour, and the share that travels along it, against the arrow."""
    for t, step in enumerate(told["steps"]):
        if step["phase"] != "backward":
            continue
        edge = groups[f"e{step['edge']}"]
        drawn = next(edge.iter(f"{SVG}path")).get("d", "")
        yield _add(edge, "path", d=drawn, fill="none", stroke=NOW, stroke_width="3"), t, t + 1
        halo = {
            "stroke": "#ffffff",
            "stroke_width": "4",
            "paint_order": "stroke",
            "font_size": "13",
            "font_weight": "bold",
        }
        motion = f"offset-path:path('{drawn}');offset-rotate:0deg;animation-name:t{t}-{t + 1},m{t}"
        yield _add(root, "text", step["share"][0], fill=COLOURS["product"], dy="-6", style=motion, **halo), t, t + 1


def _captions(root: Xml.Element, plain: list[str], lines: list[str]) -> Shown:
    """Below the picture, what each step does."""
    width, height = map(float, root.get("viewBox", "").split()[2:])
    room = max(width, *(text_width(line, SIZE) + SIZE for line in plain))
    total = height + 2.5 * SIZE
    root.set("viewBox", f"{number((width - room) / 2)} 0 {number(room)} {number(total)}")
    root.attrib |= {"width": f"{number(room)}pt", "height": f"{number(total)}pt"}
    background = next(root.iter(f"{SVG}rect"))
    background.attrib |= {"x": number((width - room) / 2), "width": number(room), "height": number(total)}
    for t, line in enumerate(lines):
        caption = _add(root, "text", x=number(width / 2), y=number(height + 1.3 * SIZE), font_size=f"{SIZE}")
        yield _typeset(caption, line), t, t + 1


def _style(intervals: set[tuple[int, int]], end: int) -> str:
    """Return the style sheet: an animation for each interval in which something is seen, and for each move."""
    length = SECONDS * (end + 2)

    def at(step: float) -> str:
        return f"{100 * (length if step >= end else step * SECONDS) / length:.2f}%"

    rules = [
        f".t{{opacity:0;animation:{length:g}s linear infinite}}.end{{opacity:1}}",
        "@media (prefers-reduced-motion:reduce){.t{animation:none!important}}",
    ]
    for start, stop in sorted(intervals):
        name = f"t{start}-{stop}"
        frames = [f"{at(start)},{at(stop) if stop < end else '100%'}{{opacity:1}}"]
        if start:
            frames.insert(0, f"0%,{at(start - 0.01)}{{opacity:0}}")
        if stop < end:
            frames.append(f"{at(stop + 0.01)},100%{{opacity:0}}")
        rules.append(f"@keyframes {name}{{{''.join(frames)}}}.{name}{{animation-name:{name}}}")
        if stop == start + 1:
            move = f"0%,{at(start)}{{offset-distance:100%}}{at(start + 0.6)},100%{{offset-distance:0%}}"
            rules.append(f"@keyframes m{start}{{{move}}}")
    return "".join(rules)
