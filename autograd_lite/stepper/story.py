"""What the view shows, as plain data for JSON: the picture, the nodes, and the steps in symbols and in numbers."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from autograd_lite.folding import MOST, Group, fold, layers_of, nodes_of
from autograd_lite.graph import check_fresh
from autograd_lite.labels import number_text, visible
from autograd_lite.pictures.diagram import Box, Diagram
from autograd_lite.pictures.drawing import box_lines, boxed, diagram_from, edges_between, kind_of, layers
from autograd_lite.pictures.folded import folded_diagram, neuron_of
from autograd_lite.primitives import CONSTANT
from autograd_lite.program.javascript import graph_data
from autograd_lite.stepper.folds import Folds, scale_in
from autograd_lite.stepper.own_code import sources_of
from autograd_lite.teaching.wrong_passes import Mistake, differ, play
from autograd_lite.value import Step, Value, backward_steps_of, topological_order
from autograd_lite.walk import WalkStep, part_below, recomputed, update_of, walk_of
from autograd_lite.words.calls import site_of
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


class BaseStory:
    """What the view shows of any graph, whole or folded.

    Arguments:
        root: the Value whose gradients are stepped through.
        plan: what is walked through.
    """

    details: tuple[str, ...]
    """The levels of detail that the view has."""

    def __init__(self, root: Value, plan: Plan = Plan()) -> None:  # noqa: B008  it cannot be changed
        self.order = topological_order(root)
        check_fresh(self.order)
        self.part = self.order if plan.below is None else part_below(root, self.order, plan.below)
        self.names = names_of(self.order) if plan.names is None else plan.names
        self.root, self.plan = root, plan._replace(names=self.names)
        self.writer = self.writer_in(UNICODE)
        self.name = self.writer.name(root)
        self.title = visible(plan.title or f"Step through the gradients of {self.name}")
        self.group = fold(self.part[-1])
        self.graph = graph_data(self.order)

    def writer_in(self, form: Form) -> Writer:
        """Return what writes about the graph in a form."""
        return Writer(self.names, self.root, form._replace(digits=self.plan.digits))

    def text(self, number: float) -> str:
        """Return a number as it is shown."""
        return number_text(number, self.plan.digits)

    def told(self) -> Json:
        """Return what the page makes its steps of."""
        is_folded = self.details[-1] not in DETAILS
        folds = (
            Folds(self.order, self.names, self.plan.digits).data(self.group, self.graph["nodes"]) if is_folded else None
        )
        return {
            "title": self.title,
            "root": self.name,
            "rootMath": self.writer_in(MATHML).name(self.root),
            "nodes": [],
            "sources": [],
            "heads": [],
            "tails": [],
            "steps": [],
            "mistake": self.plan.mistake and {"name": self.plan.mistake.name, "does": self.plan.mistake.does},
            "leaves": [],
            "digits": self.plan.digits,
            "update": self.plan.update,
            "graph": self.graph,
            "folds": folds,
            "part": None,
        }

    def places(self, nodes: Iterable[Value]) -> list[int]:
        """Return the positions of nodes in the whole graph."""
        place = {node: position for position, node in enumerate(self.order)}
        return [place[node] for node in nodes]

    def count(self, detail: str) -> int:
        """Return the number of steps at a level of detail: leaves, parts forward, the seed, and parts backward.

        A network has a summary, too.
        """
        parts = layers_of(self.group.parts) if detail == "layer" else self.group.parts
        computed = sum(isinstance(part, Group) or bool(part.parents) for part in parts)
        return 2 + 2 * computed + (detail != "group")


class Story(BaseStory):
    """The walk over a graph, or over the part of it below a Value, as plain data for the view.

    Nodes and edges are numbered as the boxes and arrows of `draw`.

    >>> a = Value(3.0)
    >>> L = a * a
    >>> told = Story(L).told()
    >>> [node["name"] for node in told["nodes"]], told["steps"][-2]["total"]
    (['a', 'L'], ['6', 6.0])
    """

    def __init__(self, root: Value, plan: Plan = Plan()) -> None:  # noqa: B008  it cannot be changed
        super().__init__(root, plan)
        self.steps = steps = [] if root.op is CONSTANT else backward_steps_of(self.order)
        self.right = {(step.node, step.place): step for step in steps}
        self.kept: dict[Value, float] = {}
        if plan.mistake is not None and steps:
            self.kept, self.steps = plan.mistake.kept(steps), play(self.order, plan.mistake, steps)
        self.walk = self.walk_in(UNICODE)
        self.ends_in_summary = bool(steps) and plan.mistake is None and plan.update is None
        self.summary = f"{len(self.walk)} steps through the gradients of {self.name}"
        self.nodes = boxed(self.part, self.names)
        self.index = {node: i for i, node in enumerate(self.nodes)}
        self.edges = {edge: k for k, edge in enumerate(edges_between(self.nodes))}
        folded = folded_details(self.group) if self.graph is not None and self.part[-1].parents else ()
        is_recorded = len(self.part) > MOST and any(site_of(node) for node in self.part)
        self.details = (*DETAILS, *(folded if is_recorded or "neuron" in folded else ()))

    def walk_in(self, form: Form) -> list[WalkStep]:
        """Return the walk, written in a form."""
        plan, writer = self.plan, self.writer_in(form)
        walk = walk_of(self.part, self.steps, writer, self.kept)
        if plan.mistake is not None:
            first, *others = walk
            walk = [first._replace(parts=(*first.parts, f"the mistake: {plan.mistake.does}"))]
            walk += [self.marked(walked, writer) for walked in others]
        return walk if plan.update is None else walk + update_of(self.part, self.steps, writer, plan.update, plan.data)

    def marked(self, walked: WalkStep, writer: Writer) -> WalkStep:
        """Return a step with the right numbers after it, if a mistake has made its numbers wrong."""
        right = self.corrected(walked.step) if walked.step is not None else {}
        if not right:
            return walked
        told = ", ".join(f"{PARTS[name]} {text}" for name, (text, _) in right.items())
        return walked._replace(parts=(*walked.parts, writer.form.mark("wrong", f"correct: {told}")))

    def count(self, detail: str) -> int:
        """Return the number of steps at a level of detail, with the summary."""
        if detail not in DETAILS:
            updated = {walked.node for walked in self.walk if walked.phase == "update"}
            parts = [part for part in self.group.parts if not updated.isdisjoint(nodes_of(part))]
            return super().count(detail) + (len(parts) + 1 if self.plan.update is not None else 0)
        backward = [walked.node for walked in self.walk if walked.phase == "backward"]
        merged = len(backward) - len(set(backward)) if detail == "node" else 0
        return len(self.walk) + self.ends_in_summary - merged

    def told(self) -> Json:
        """Return the nodes, and the steps of the walk with their summary."""
        text, mathml = self.writer, self.writer_in(MATHML)
        sources, lines = sources_of(self.nodes)
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
        return super().told() | {
            "nodes": nodes,
            "sources": sources,
            "heads": [self.index[node] for node, _ in self.edges],
            "tails": [self.index[node.parents[place]] for node, place in self.edges],
            "steps": steps + [{"phase": "summary"}] * self.ends_in_summary,
            "leaves": [self.index[leaf] for leaf in self.leaves().values()],
            "part": self.places(self.nodes),
        }

    def told_step(self, walked: WalkStep, text: Writer, mathml: Writer) -> Json:
        """Return a step: how a node is computed, the seed, or how the chain rule is applied at an edge."""
        line: Json = {"phase": walked.phase}
        node, step = walked.node, walked.step
        if node is None or walked.result is None:
            return line
        line["node"] = self.index[node]
        if walked.phase == "forward":
            line |= {
                "expression": text.expression(node),
                "expressionMath": mathml.expression(node),
                "numbers": text.template(node, self.index),
                "numbersMath": mathml.template(node, self.index),
                "data": self.number(node.data),
            }
        elif walked.phase == "seed":
            line["total"] = self.number(walked.result)
        elif step is None:  # after the backward pass
            line |= {"before": self.number(walked.before or 0.0), "data": self.number(walked.result)}
        else:
            line |= {
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
        if walked.phase == "again":
            numbers = recomputed(self.part, {step.node: step.result for step in self.walk if step.phase == "update"})
            line["after"] = [self.number(numbers[node]) for node in self.nodes]
        return line

    def corrected(self, step: Step) -> Json:
        """Return the right numbers of a step that a mistake makes wrong; nothing for a step that is right."""
        right = self.right.get((step.node, step.place), step)
        wrong = [name for name in ("slope", "share", "total") if differ(getattr(step, name), getattr(right, name))]
        return {name: self.number(getattr(right, name)) for name in wrong}

    def number(self, number: float) -> list[Any]:
        """Return a number as it is shown, and as it is; inf and nan, which JSON does not have, are None there."""
        return [self.text(number), number if math.isfinite(number) else None]

    def lines(self, node: Value, total: float = 0.0) -> tuple[str, ...]:
        """Return what a node's box says; the total is its gradient."""
        return box_lines(node, self.names, self.text(node.data), self.text(total))

    def diagram(self, direction: str, room: bool = False) -> Diagram:
        """Return the graph as boxes: with all numbers, or with room for any that the view may show there.

        Each box except that of a constant has three lines: name, data and gradient.
        """
        received = [
            (walked.step.parent if walked.step else walked.node, walked.result, walked.of)
            for walked in self.walk
            if walked.phase in ("seed", "backward")
        ]
        gradients = {node: total for node, total, _ in received if total is not None}
        uses = {node: of for node, _, of in received}
        texts = [self.text(number) for number in [*gradients.values(), *(node.data for node in self.part)]]
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
            favour = 1.4 if direction == "LR" else 1.0  # it is how formulas are read
            return favour * scale_in(ROOM, self.diagram(direction, room=True))

        return max(("LR", "TB"), key=scale)

    def leaves(self) -> dict[str, Value]:
        """Return the leaves of the part by name, and the constants that have a label."""
        return {self.names[node]: node for node in self.nodes if not node.parents and node in self.names}


def folded_details(group: Group) -> tuple[str, ...]:
    """Return the levels of detail that a folded graph has: for a network neurons and layers, else groups."""
    is_network = any(isinstance(part, Group) and neuron_of(part) for part in group.parts)
    return ("neuron", "layer") if is_network else ("group",)


class FoldedStory(BaseStory):
    """A graph that is too large to be shown at once, as plain data for the view, where its groups are opened.

    Its plan has neither a mistake nor an update.

    Raises:
        ValueError: if only Python can compute an operation of the graph.

    >>> x = Value(0.5, "x")
    >>> for _ in range(1000):
    ...     x = x.sin()
    >>> FoldedStory(x, Plan()).summary
    '44 steps through 21 parts of 1,001 nodes'
    """

    def __init__(self, root: Value, plan: Plan) -> None:
        super().__init__(root, plan)
        if self.graph is None:
            raise ValueError("only Python can compute an operation of the graph, so it cannot be folded in a page")
        self.nodes = self.part
        self.walk: list[WalkStep] = []  # it is made in the page
        self.details = folded_details(self.group)
        steps, parts = self.count(self.details[0]), len(self.group.parts)
        self.summary = f"{steps} steps through {parts} parts of {len(self.part):,} nodes"

    def told(self) -> Json:
        """Return what the page makes its steps of."""
        return super().told() | {"part": None if self.plan.below is None else self.places(self.part)}

    def direction(self) -> Literal["LR"]:
        """Return the direction of the picture that is shown where no script runs."""
        return "LR"

    def diagram(self, direction: str, room: bool = False) -> Diagram:  # noqa: ARG002  as for `Story`
        """Return the groups that are seen first."""

        def box(node: Value) -> Box:
            return Box(box_lines(node, self.names, self.text(node.data), ""), kind_of(node), node is self.root)

        return folded_diagram(
            self.group.parts, self.root, direction, box_of=box, gradient_of=lambda _: None, number=self.text
        )
