"""What a sheet asks for, every number that can be asked for, and the key of all sheets as a JSON file."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from autograd_lite.primitives import CONSTANT, LEAF, primitive_named
from autograd_lite.teaching.wrong_passes import Mistake, play
from autograd_lite.value import Step, Value, backward_steps_of, constant, record, topological_order
from autograd_lite.walk import recomputed
from autograd_lite.words.names import names_of

Kind: TypeAlias = Literal["values", "slopes", "products", "totals", "gradients", "updated"]
"""What a number is."""

KINDS: dict[Kind, str] = {
    "values": "the results of nodes, as in v1=-6",
    "slopes": "the local partial derivatives at edges, as in v1/w=2",
    "products": "the products of the slopes with the upstream gradients, as in v1/w=1",
    "totals": "the running totals at edges, as in v1/w=1",
    "gradients": "the gradients of nodes, as in w=1",
    "updated": "numbers of nodes after a step of gradient descent, as in w=-3.1",
}
"""What each kind of number is."""

NO_MISTAKE = Mistake("none", "everything is right", "nowhere")


class Blank(NamedTuple):
    """A number that is asked for: of a node, called as in `explain`, or of an edge, called "v1/w".

    Where a node uses a parent more than once, the edges are "v1/x", "v1/x#2", ...
    """

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind.removesuffix('s')} {self.name}"


@dataclass(frozen=True)
class Sheet:
    """A graph with named nodes, and what is asked for.

    Attributes:
        order: the graph, in topological order.
        names: the names of its nodes, from `names_of`.
        blanks: what is asked for, in the order of its numbers on the sheet.
        learning_rate: of the update; None if there is none.
        data: leaves that are not updated.

    >>> x = Value(3.0, "x")
    >>> sheet = sheet_of(x * x, [Blank("values", "v1"), Blank("slopes", "v1/x#2")])
    >>> sheet.numbers()[sheet.blanks[1]]
    3.0
    """

    order: list[Value]
    names: Mapping[Value, str]
    blanks: Sequence[Blank] = ()
    learning_rate: float | None = None
    data: Collection[Value] = ()

    def edge(self, node: Value, place: int) -> str:
        """Return the name of the edge from a node to its argument at a place."""
        parent, again = node.parents[place], node.parents[:place].count(node.parents[place])
        return f"{self.names[node]}/{self.names[parent]}" + (f"#{again + 1}" if again else "")

    @cached_property
    def right_steps(self) -> list[Step]:
        """The steps of the backward pass without a mistake."""
        return backward_steps_of(self.order)

    def numbers(
        self, mistake: Mistake = NO_MISTAKE, given: Mapping[Blank, float] = MappingProxyType({})
    ) -> dict[Blank, float]:
        """Return every number that can be asked for, as it is with a mistake.

        Arguments:
            given: gradients and updated numbers from which the update goes on.
        """
        order, names, numbers = self.order, self.names, mistake.numbers_of(self.order)
        steps = play(order, mistake, self.right_steps, self.learning_rate or 0.0)
        found = {Blank("values", names[node]): numbers[node] for node in order if node.parents}
        gradients = {order[-1]: mistake.seed}
        for step in steps:
            name = self.edge(step.node, step.place)
            found[Blank("slopes", name)] = step.slope
            found[Blank("products", name)] = step.share
            found[Blank("totals", name)] = gradients[step.parent] = step.total
        found |= {Blank("gradients", names[node]): gradient for node, gradient in gradients.items()}
        found |= given
        if self.learning_rate is not None:
            rate = mistake.rate(self.learning_rate)
            leaves = [node for node in order if node.op is LEAF and node not in self.data]
            updated = {leaf: leaf.data - rate * found[Blank("gradients", names[leaf])] for leaf in leaves}
            updated |= {leaf: found.get(Blank("updated", names[leaf]), number) for leaf, number in updated.items()}
            again = recomputed(order, updated, mistake.value)
            found |= {Blank("updated", names[node]): again[node] for node in order if node in names}
        return found


def sheet_of(
    root: Value, blanks: Sequence[Blank] = (), learning_rate: float | None = None, data: Collection[Value] = ()
) -> Sheet:
    """Return a sheet about the graph of a Value.

    Raises:
        ValueError: if the graph has no such number.
    """
    order = topological_order(root)
    sheet = Sheet(order, names_of(order), blanks, learning_rate, data)
    known = sheet.numbers()
    for blank in blanks:
        if blank not in known:
            names = ", ".join(each.name for each in known if each.kind == blank.kind)
            raise ValueError(f"{blank.kind} must be of {names or 'nothing here'}, received {blank.name!r}")
    return sheet


def save_key(sheets: Mapping[int, Sheet], path: Path | str) -> Path:
    """Write a key that `load_key` reads, and `autograd-lite check --key` marks answers with.

    The file is JSON: under "sheets", for each number of a sheet its "graph", a list of nodes, each [name, operation,
    positions of the arguments, number]; "blanks", a list of [kind, name]; and "learning_rate" and "data", the positions
    of leaves that are not updated.

    Raises:
        OSError: if the file cannot be written.
    """
    text = json.dumps({"sheets": {number: _as_json(sheet) for number, sheet in sheets.items()}}, ensure_ascii=False)
    Path(path).write_text(text + "\n", encoding="utf-8")
    return Path(path)


def load_key(path: Path | str) -> dict[int, Sheet]:
    """Read a key: the sheets by their numbers.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not a key.
    """
    try:
        sheets = json.loads(Path(path).read_text(encoding="utf-8"))["sheets"]
        return {int(number): _from_json(sheet) for number, sheet in sheets.items()}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ValueError(f"{path} is not a key that worksheet has written ({error!r:.80})") from None


def _as_json(sheet: Sheet) -> dict[str, Any]:
    place = {node: i for i, node in enumerate(sheet.order)}
    graph = [
        [sheet.names.get(node, ""), node.op.name, [place[parent] for parent in node.parents], node.data]
        for node in sheet.order
    ]
    data = [place[leaf] for leaf in sheet.data]
    return {"graph": graph, "blanks": list(sheet.blanks), "learning_rate": sheet.learning_rate, "data": data}


def _from_json(sheet: dict[str, Any]) -> Sheet:
    nodes: list[Value] = []
    for name, operation, places, number in sheet["graph"]:
        op = primitive_named(operation)
        leaf = constant if op is CONSTANT else Value
        node = record(op, *[nodes[place] for place in places]) if places else leaf(number)
        node.label = name
        nodes.append(node)
    data = [nodes[place] for place in sheet["data"]]
    return sheet_of(nodes[-1], [Blank(*blank) for blank in sheet["blanks"]], sheet["learning_rate"], data)
