"""What the view shows, as plain data for JSON: the picture, the nodes, and the steps in symbols and in numbers."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

from autograd_lite.calls import site_of
from autograd_lite.folding import MOST, Group, fold, layers_of, nodes_of
from autograd_lite.graph import check_fresh
from autograd_lite.labels import number_text, visible
from autograd_lite.pictures.diagram import Box, Diagram
from autograd_lite.pictures.drawing import box_lines, boxed, diagram_from, edges_between, kind_of, layers
from autograd_lite.pictures.folded import folded_diagram, neuron_of
from autograd_lite.pictures.layout import find_layout
from autograd_lite.primitives import CONSTANT
from autograd_lite.program.javascript import graph_data
from autograd_lite.stepper.folds import Folds
from autograd_lite.stepper.own_code import sources_of
from autograd_lite.teaching.mistakes import Mistake, differ, play
from autograd_lite.value import Step, Value, backward_steps_of, topological_order
from autograd_lite.walk import WalkStep, part_below, recomputed, update_of, walk_of
from autograd_lite.words.names import names_of
from autograd_lite.words.notation import MATHML, UNICODE, Form
from autograd_lite.words.sentences import Writer

Json: TypeAlias = dict[str, Any]

ROOM = (840.0, 600.0)
"""The width and height that a picture has beside its card, by which its direction is chosen."""

SPACING = {"LR": 76.0, "RL": 76.0, "TB": 44.0, "BT": 44.0}
"""In points, with room for the local partial derivative and the product beside an edge."""


DETAILS = ("edge", "node")
"""The levels of detail of any graph that is shown as a whole."""


PARTS = {"slope": "local", "share": "product", "total": "total"}
"""What the numbers of a step are called."""


class Plan(NamedTuple):
    """What is walked through, as for `walk_steps`; a mistake of the backward pass, a title, and names, or None."""

    below: Value | None = None
    digits: int = 4
    mistake: Mistake | None = None
    update: float | None = None
    data: tuple[Value, ...] = ()
    title: str | None = None
    names: Mapping[Value, str] | None = None


class Story:
    """The walk over a graph, or over the part of it below a Value, as plain data for the view.

    Arguments:
        root: the Value whose gradients are stepped through.
        plan: what is walked through.

    Nodes and edges are numbered as the boxes and arrows of `draw`.

    >>> a = Value(3.0)
    >>> L = a * a
    >>> told = Story(L).told()
    >>> [node["name"] for node in told["nodes"]], told["steps"][-2]["total"]
    (['a', 'L'], ['6', 6.0])
    """

    def __init__(self, root: Value, plan: Plan = Plan()) -> None:  # noqa: B008  it cannot be changed
        self.order = order = topological_order(root)
        check_fresh(order)
        below, mistake = plan.below, plan.mistake
        self.part = order if below is None else part_below(root, order, below)
        self.names = names_of(order) if plan.names is None else plan.names
        self.root, self.plan = root, plan._replace(names=self.names)
        self.writer = Writer(self.names, root, UNICODE._replace(digits=plan.digits))
        self.name = self.writer.name(root)
        self.title = visible(plan.title or f"Step through the gradients of {self.name}")
        self.steps = steps = [] if root.op is CONSTANT else backward_steps_of(order)
        self.right = {(step.node, step.place): step for step in steps}
        self.kept: dict[Value, float] = {}
        if mistake is not None and steps:
            self.kept, self.steps = mistake.kept(steps), play(order, mistake, steps)
        self.walk = self.walk_in(UNICODE)
        self.ends_in_summary = bool(steps) and mistake is None and plan.update is None
        self.summary = f"{len(self.walk)} steps through the gradients of {self.name}"
        self.graph = graph_data(order)
        self.nodes = boxed(self.part, self.names)
        self.index = {node: i for i, node in enumerate(self.nodes)}
        self.edges = {edge: k for k, edge in enumerate(edges_between(self.nodes))}

    def walk_in(self, form: Form) -> list[WalkStep]:
        """Return the walk, written in a form."""
        plan, writer = self.plan, self.writer._replace(form=form._replace(digits=self.plan.digits))
        walk = walk_of(self.part, self.steps, writer, self.kept)
        if plan.mistake is not None:
            first, *others = walk
            walk = [first._replace(parts=(*first.parts, f"the mistake: {plan.mistake.does}"))]
            walk += [self.marked(walked, writer) for walked in others]
        return walk if plan.update is None else walk + update_of(self.part, self.steps, writer, plan.update, plan.data)

    def marked(self, walked: WalkStep, writer: Writer) -> WalkStep:
        """Return a step with the right numbers after it, if a mistake has made its numbers wrong."""
        right = self.corrected(walked.step) if walked.step is not None else {}
        told = ", ".join(f"{PARTS[name]} {text}" for name, (text, _) in right.items())
        return (
            walked._replace(parts=(*walked.parts, writer.form.mark("wrong", f"right would be {told}")))
            if right
            else walked
        )

    @cached_property
    def group(self) -> Group:
        """The graph, folded."""
        return fold(self.part[-1])

    @cached_property
    def details(self) -> tuple[str, ...]:
        """The levels of detail that the view has."""
        folded = folded_details(self.group) if self.graph is not None and self.part[-1].parents else ()
        is_recorded = len(self.part) > MOST and any(site_of(node) for node in self.part)
        return (*DETAILS, *(folded if is_recorded or "neuron" in folded else ()))

    def count(self, detail: str) -> int:
        """Return the number of steps at a level of detail, with the summary."""
        if detail not in DETAILS:
            updated = {walked.node for walked in self.walk if walked.phase == "update"}
            parts = [part for part in self.group.parts if not updated.isdisjoint(nodes_of(part))]
            return count_steps(self.group, detail) + (len(parts) + 1 if self.plan.update is not None else 0)
        backward = [walked.node for walked in self.walk if walked.phase == "backward"]
        merged = len(backward) - len(set(backward)) if detail == "node" else 0
        return len(self.walk) + self.ends_in_summary - merged

    def told(self) -> Json:
        """Return the nodes, and the steps of the walk with their summary."""
        text, mathml = self.writer, self.writer._replace(form=MATHML._replace(digits=self.plan.digits))
        sources, lines = sources_of(self.nodes)
        mistake = self.plan.mistake
        place = {node: i for i, node in enumerate(self.order)}
        folds = None
        if self.graph is not None and len(self.details) > len(DETAILS):
            folds = Folds(self.order, self.names, self.plan.digits).data(self.group, self.graph["nodes"])
        nodes = [
            {
                "key": self.names.get(node, ""),
                "name": text.name(node),
                "math": mathml.name(node),
                "title": self.lines(node)[0],
                "kind": kind_of(node),
                "data": self.number(node.data),
                **({"lines": marks} if marks else {}),
                **({"delta": text.delta(node), "deltaMath": mathml.delta(node)} if text.delta(node) else {}),
            }
            for node, marks in zip(self.nodes, lines, strict=True)
        ]
        steps = [self.told_step(walked, text, mathml) for walked in self.walk]
        return {
            "title": self.title,
            "root": self.name,
            "rootMath": mathml.name(self.root),
            "nodes": nodes,
            "sources": sources,
            "heads": [self.index[node] for node, _ in self.edges],
            "tails": [self.index[node.parents[place]] for node, place in self.edges],
            "steps": steps + [{"phase": "summary"}] * self.ends_in_summary,
            "mistake": mistake and {"name": mistake.name, "does": mistake.does},
            "leaves": [self.index[leaf] for leaf in self.leaves().values()],
            "digits": self.plan.digits,
            "update": self.plan.update,
            "graph": self.graph,
            "folds": folds,
            "part": [place[node] for node in self.nodes],
        }

    def told_step(self, walked: WalkStep, text: Writer, mathml: Writer) -> Json:
        """Return a step: how a node is computed, the seed, or how the chain rule is applied at an edge."""
        line: Json = {"phase": walked.phase}
        node, step = walked.node, walked.step
        if node is None or walked.result is None:
            return line
        line["node"] = self.index[node]
        if walked.phase in ("update", "again"):
            line |= {"before": self.number(walked.before or 0.0), "data": self.number(walked.result)}
            if walked.phase == "again":
                updates = {step.node: step.result for step in self.walk if step.phase == "update"}
                numbers = recomputed(self.part, updates)
                line["after"] = [self.number(numbers[node]) for node in self.nodes]
            return line
        if step is not None:
            return line | {
                "parent": self.index[step.parent],
                "edge": self.edges[step.node, step.place],
                **({"place": step.place} if self.plan.mistake else {}),
                "formula": text.slope(step),
                "formulaMath": mathml.slope(step),
                **{name: self.number(getattr(step, name)) for name in ("slope", "upstream", "share", "total")},
                **({} if walked.before is None else {"before": self.number(walked.before)}),
                **({"number": walked.number, "of": walked.of} if walked.of > 1 else {}),
                **({"right": right} if (right := self.corrected(step)) else {}),
            }
        if walked.phase == "seed":
            return line | {"total": self.number(walked.result)}
        return line | {
            "expression": text.expression(node),
            "expressionMath": mathml.expression(node),
            "numbers": text.template(node, self.index),
            "numbersMath": mathml.template(node, self.index),
            "data": self.number(node.data),
        }

    def corrected(self, step: Step) -> Json:
        """Return the right numbers of a step that a mistake makes wrong; nothing for a step that is right."""
        right = self.right.get((step.node, step.place), step)
        wrong = [name for name in ("slope", "share", "total") if differ(getattr(step, name), getattr(right, name))]
        return {name: self.number(getattr(right, name)) for name in wrong}

    def number(self, number: float) -> list[Any]:
        """Return a number as it is shown, and as it is; inf and nan, which JSON does not have, are None there."""
        return [number_text(number, self.plan.digits), number if math.isfinite(number) else None]

    def lines(self, node: Value, total: float = 0.0) -> tuple[str, ...]:
        """Return what a node's box says; the total is its gradient."""
        data, gradient = number_text(node.data, self.plan.digits), number_text(total, self.plan.digits)
        return box_lines(node, self.names, data, gradient)

    def diagram(self, direction: str, room: bool = False) -> Diagram:
        """Return the graph as boxes: with all numbers, or with room for any that the view may show there.

        Each box except that of a constant has three lines: name, data and gradient.
        """
        gradients: dict[Value, float] = {}
        uses: dict[Value, int] = {}
        for walked in self.walk:
            if walked.step is not None:
                gradients[walked.step.parent] = walked.step.total
                uses[walked.step.parent] = walked.of
            elif walked.phase == "seed" and walked.node is not None and walked.result is not None:
                gradients[walked.node] = walked.result
        texts = [number_text(n, self.plan.digits) for n in [*gradients.values(), *(node.data for node in self.part)]]
        widest = max(*texts, "−0." + "0" * self.plan.digits, key=len)

        def lines(node: Value) -> tuple[str, ...]:
            if not room or (node.op is CONSTANT and node not in self.names):
                return self.lines(node, gradients.get(node, 0.0))
            part = f" ({uses[node]} of {uses[node]})" if uses.get(node, 1) > 1 else ""
            title, *others = box_lines(node, self.names, widest, widest + part)
            return f"▸ ● {title}", *others

        diagram = diagram_from(self.nodes, self.part[-1], lines, layers(self.part), direction)
        return diagram._replace(spacing=SPACING[direction]) if room else diagram

    def direction(self) -> Literal["LR", "TB", "RL", "BT"]:
        """Return the direction, left to right or top to bottom, that fits better where the view has its picture."""

        def scale(direction: str) -> float:
            layout = find_layout(self.diagram(direction, room=True))
            favour = 1.4 if direction == "LR" else 1.0  # it is how formulas are read
            return favour * min(ROOM[0] / layout.width, ROOM[1] / layout.height)

        return max(("LR", "TB"), key=scale)

    def leaves(self) -> dict[str, Value]:
        """Return the leaves of the part by name, and the constants that have a label."""
        return {self.names[node]: node for node in self.nodes if not node.parents and node in self.names}


def folded_details(group: Group) -> tuple[str, ...]:
    """Return the levels of detail that a folded graph has: for a network neurons and layers, else groups."""
    is_network = any(isinstance(part, Group) and neuron_of(part) for part in group.parts)
    return ("neuron", "layer") if is_network else ("group",)


def count_steps(group: Group, detail: str) -> int:
    """Return the number of steps: the leaves, each computed part, the seed, each part back; of a network, a summary."""
    parts = layers_of(group.parts) if detail == "layer" else group.parts
    computed = sum(bool(part.parents) if isinstance(part, Value) else True for part in parts)
    return 2 + 2 * computed + (detail != "group")


class FoldedStory:
    """A graph that is too large to be shown at once, as plain data for the view, where its groups are opened.

    Arguments:
        root: the Value whose gradients are stepped through.
        plan: what is walked through; without a mistake and without an update.

    Raises:
        ValueError: if only Python can compute an operation of the graph.

    >>> x = Value(0.5, "x")
    >>> for _ in range(1000):
    ...     x = x.sin()
    >>> FoldedStory(x, Plan()).summary
    '44 steps through 21 parts of 1,001 nodes'
    """

    def __init__(self, root: Value, plan: Plan) -> None:
        self.root, self.plan = root, plan
        self.order = topological_order(root)
        check_fresh(self.order)
        self.part = self.order if plan.below is None else part_below(root, self.order, plan.below)
        self.index = {node: position for position, node in enumerate(self.part)}
        self.names = names_of(self.order)
        self.name = Writer(self.names, root).name(root)
        self.title = visible(plan.title or f"Step through the gradients of {self.name}")
        self.group = fold(self.part[-1])
        self.details = folded_details(self.group)
        self.walk: list[WalkStep] = []  # it is made in the page
        steps, parts = self.count(self.details[0]), len(self.group.parts)
        self.summary = f"{steps} steps through {parts} parts of {len(self.part):,} nodes"
        self.graph = graph_data(self.order)
        if self.graph is None:
            raise ValueError("only Python can compute an operation of the graph, so it cannot be folded in a page")

    def told(self) -> Json:
        """Return what the page makes its steps of."""
        place = {node: position for position, node in enumerate(self.order)}
        return {
            "title": self.title,
            "root": self.name,
            "rootMath": Writer(self.names, self.root, MATHML).name(self.root),
            "nodes": [],
            "heads": [],
            "steps": [],
            "sources": [],
            "leaves": [],
            "mistake": None,
            "update": None,
            "digits": self.plan.digits,
            "graph": self.graph,
            "part": None if self.plan.below is None else [place[node] for node in self.part],
            "folds": Folds(self.order, self.names, self.plan.digits).data(self.group, self.graph["nodes"]),
        }

    def count(self, detail: str) -> int:
        """Return the number of steps at a level of detail."""
        return count_steps(self.group, detail)

    def direction(self) -> Literal["LR"]:
        """Return the direction of the picture that is shown where no script runs."""
        return "LR"

    def diagram(self, direction: str, room: bool = False) -> Diagram:  # noqa: ARG002  as for `Story`
        """Return the groups that are seen first."""

        def number(number: float) -> str:
            return number_text(number, self.plan.digits)

        def box(node: Value) -> Box:
            lines = box_lines(node, self.names, number(node.data), "")
            return Box(lines, kind_of(node), node is self.root)

        return folded_diagram(
            self.group.parts, self.root, direction, box_of=box, gradient_of=lambda _: None, number=number
        )
