"""The exercises of notebook 02, backward and the table."""

from collections.abc import Callable, Sequence
from typing import Any

from exercises import Exercise, course


def after_backward(backward: Callable[[Any], None]) -> dict[str, float]:
    """Return the gradients of some leaves after a backward pass, or two."""
    make = backward.__globals__["TinyValue"]
    found = {}
    a = make(1.0)
    backward(a + a)
    found["a.grad after backward(b), where b = a + a"] = a.grad
    a = make(1.0)
    b = a + a
    c = b + b
    backward(b + c)
    found["a.grad after backward(d), where b = a + a, c = b + b and d = b + c"] = a.grad
    x = make(3.0)
    y = x * x * x
    backward(y)
    x.grad = 0.0
    backward(y)
    found["x.grad after backward(y), x.grad = 0.0 and backward(y) again, where y = x * x * x at x = 3"] = x.grad
    w = make(3.0)
    backward(w * make(1.0))
    backward(w * make(2.0))
    found["w.grad after backward(w * 1) and backward(w * 2)"] = w.grad
    return found


def after_steps(step: Callable[..., None]) -> dict[str, Any]:
    """Return the weight after a step, and after another."""
    w = step.__globals__["TinyValue"](1.0)
    found: dict[str, Any] = {}
    for time, rate in (("a step from w = 1", 0.1), ("one more step", 0.05)):
        step(w, rate)
        moved = w.data != 1.0  # else its gradient tells whether a backward pass was made
        found[f"w.data after {time} with the rate {rate}"] = w.data if moved else f"1.0 (w.grad is {w.grad})"
    return found


def slopes_at(slopes: Sequence[Callable[..., float]]) -> dict[str, float]:
    """Return the two slopes of a division at a point."""
    return {
        f"the slope with respect to {name} at 6 / 2": slope(3.0, 6.0, 2.0)
        for name, slope in zip("ab", slopes, strict=True)
    }


WHAT_IT_RETURNS = "what record returns"


def recorded(record: Callable[..., Any]) -> dict[str, Any]:
    """Return what a recorded node holds."""
    a, b = (record.__globals__["Node"](number) for number in (2.0, 3.0))
    try:
        total = record("+", a, b)
    except RecursionError:
        return {WHAT_IT_RETURNS: "nothing, because record calls itself without end"}
    if not isinstance(total, type(a)):
        return {WHAT_IT_RETURNS: type(total).__name__}
    product, activation = record("*", a, 4.0), record("tanh", a)
    return {
        WHAT_IT_RETURNS: "Node",
        "the number of a + b at a = 2 and b = 3": total.data,
        "its sign": total.sign,
        "the numbers of its parents": [parent.data for parent in total.parents],
        "whether its parents are a and b themselves, no copies": list(map(id, total.parents)) == [id(a), id(b)],
        "the numbers of the parents of a * 4.0": [parent.data for parent in product.parents],
        "the number of a.tanh()": activation.data,
    }


def after_chain_rule(chain_rule: Callable[..., Any]) -> dict[str, Any]:
    """Return gradients by the chain rule, and a second derivative."""
    node, numbers, nodes = chain_rule.__globals__["Node"], lambda each: each.data, lambda each: each
    a = node(1.0)
    b = a + a
    d = (b + b) + b
    found = {"dd/da, where b = a + a, c = b + b and d = c + b": chain_rule(d, numbers)[a]}
    a, b, c = node(2.0), node(-3.0), node(8.0)
    gradients = chain_rule((a * b + c) ** 3, numbers)
    found |= {
        f"dy/d{name}, where y = (a * b + c) ** 3": gradients[leaf] for name, leaf in zip("abc", (a, b, c), strict=True)
    }
    slope = chain_rule(a * a * a, nodes)[a]
    return found | {"the second derivative of a * a * a at a = 2": chain_rule(slope, numbers).get(a, 0.0)}


BACKWARD = """def backward(root):
    order = topological_order(root)
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        node.hand_on()"""

STEP = """def step(w, rate):
    w.grad = 0.0
    backward(error_of(w))
    w.data -= rate * w.grad"""

RECORD = """def record(sign, *arguments):
    parents = [as_node(each) for each in arguments]
    compute, slopes = ROWS[sign]
    return Node(compute(*[parent.data for parent in parents]), sign, parents)"""

CHAIN_RULE = """def chain_rule(root, read):
    gradients = {root: read(Node(1.0))}
    for node in reversed(topological_order(root)):
        compute, slopes = ROWS[node.sign]
        for parent, slope in zip(node.parents, slopes):
            share = gradients[node] * slope(read(node), *[read(each) for each in node.parents])
            gradients[parent] = gradients.get(parent, 0.0) + share
    return gradients"""

EXERCISES = (
    Exercise(
        "dy_dx",
        solution="dy_dx = 2 * 3 + 1",
        hints=(
            "x is used three times: twice in the product, once in the sum. What does each use hand back?",
            "The product hands back 3, for each of its two factors. Add what the sum hands back.",
        ),
        wrong=(
            ("dy_dx = 6", "That is the share of the product. The sum uses x as well."),
            ("dy_dx = 4", "x * x has two edges to x, and each hands on a share."),
            ("dy_dx = 1", "That is one share only, the one of the sum. All shares are added up."),
            ("dy_dx = 12", "That is the value of y. How fast does it follow x?"),
        ),
    ),
    Exercise(
        "number_of_shares",
        solution="number_of_shares = 3",
        hints=(
            "One share comes along each edge that ends in x.",
            "Count how often x is written on the right side of y = x * x + x.",
        ),
        wrong=(
            ("number_of_shares = 2", "The product and the sum are two operations, but the product uses x twice."),
            ("number_of_shares = 1", "Count the edges that end in x."),
            ("number_of_shares = 4", "The sum has two parents, and only one of them is x."),
        ),
        why="Two from the product, one from the sum.",
    ),
    Exercise(
        "backward",
        solution=BACKWARD,
        probe=after_backward,
        hints=(
            "List the nodes with topological_order. Each comes after its parents, so the sweep goes through the list from "
            "its end.",
            "Before the sweep: an interior node is one that has parents, and its gradient must be empty. Then the root "
            "needs the 1 from which everything starts.",
        ),
        wrong=(
            (
                BACKWARD.replace("    root.grad = 1.0\n", ""),
                "Nothing arrives. Which gradient must be there when the sweep begins? (If you set it, do you empty it again?)",
            ),
            (
                BACKWARD.replace("reversed(order)", "order"),
                "Only what the root hands on arrives. Does each node hand on, and does the root have its turn first?",
            ),
            (
                BACKWARD.replace("reversed(order)", "order.reverse()"),
                "order.reverse() turns the list around and returns None. Which function returns the nodes from the end?",
            ),
            (
                "def backward(root):\n    root.grad = 1.0\n\n    def visit(node):\n        node.hand_on()\n"
                "        for parent in node.parents:\n            visit(parent)\n\n    visit(root)",
                "That is the naive recursion: a node that is reached along two paths hands on twice.",
            ),
            (
                BACKWARD.replace("    for node in order:\n        if node.parents:\n            node.grad = 0.0\n", ""),
                "One pass is right. But interior nodes still hold what the pass before left in them.",
            ),
            (
                BACKWARD.replace("        if node.parents:\n            node.grad", "        node.grad"),
                "You empty the leaves too. Their gradients must add up from one pass to the next.",
            ),
        ),
        why="The 1 at the root, the order, and a fresh start for interior nodes: that is all of it.",
    ),
    Exercise(
        "step",
        solution=STEP,
        probe=after_steps,
        hints=(
            "Three things, in this order: empty the gradient of w, compute a new one with backward, change w.",
            "Downhill is against the gradient. What changes is the number that w holds; w stays the same leaf.",
        ),
        wrong=(
            (STEP.replace("-=", "+="), "The gradient points uphill, and so does your step."),
            (STEP.replace("rate * ", ""), "The direction is right. How far should the step go?"),
            (STEP.replace("rate * ", "0.1 * "), "The first step is right. The second has another rate: do you use it?"),
            (
                STEP.replace("    backward(error_of(w))\n", ""),
                "w did not move, because nobody has computed its gradient.",
            ),
            (
                STEP.replace("    w.grad = 0.0\n", ""),
                "The first step is right. In the second one the gradient of the first is still there.",
            ),
            (
                STEP.replace("w.data -= rate * w.grad", "w = w - TinyValue(rate * w.grad)"),
                "The number that w holds has not changed. (To return a number, or to write w = ..., does not change it.)",
            ),
            (
                STEP.replace("w.data -= rate * w.grad", "w = w - rate * w.grad"),
                "w = ... would record a subtraction, a new node of the graph. A step does not belong to the graph: change the "
                "number that w holds.",
            ),
        ),
        why="Empty, backward, downhill: each training loop is built around these three lines.",
    ),
    Exercise(
        "slopes_of_division",
        solution="slopes_of_division = (lambda o, a, b: 1 / b, lambda o, a, b: -a / b**2)",
        probe=slopes_at,
        hints=(
            "Two slopes: hold b still and differentiate a / b with respect to a, then the other way round.",
            "a / b is a times b to the power of -1. The power rule brings the -1 in front, and makes it a square.",
        ),
        wrong=(
            (
                "slopes_of_division = (lambda o, a, b: 1 / b, lambda o, a, b: a / b**2)",
                "The second sign is wrong: if b grows, does a / b grow?",
            ),
            (
                "slopes_of_division = (lambda a, b: 1 / b, lambda a, b: -a / b**2)",
                "Look at the table: each slope takes the result first, and then the arguments, even if it does not use all.",
            ),
            (
                "slopes_of_division = (lambda o, a, b: 1 / b, lambda o, a, b: -1 / b**2)",
                "The second one is the slope of 1 / b. Here it is a times as large.",
            ),
            (
                "slopes_of_division = (lambda o, a, b: -a / b**2, lambda o, a, b: 1 / b)",
                "Both slopes are right, in the wrong order: the first one is with respect to a.",
            ),
        ),
        why="With the result, the second is even shorter: -o / b.",
    ),
    Exercise(
        "record",
        solution=RECORD,
        probe=recorded,
        hints=(
            "Three steps: make every argument a Node, look up the row of the sign, return a new Node.",
            "The row computes with plain numbers: hand it the data of each parent. The new Node holds its number, the "
            "sign, and the parents.",
        ),
        wrong=(
            (
                RECORD.replace("[as_node(each) for each in arguments]", "arguments"),
                "In a * 4.0 the second argument is a plain number. It must become a Node first.",
            ),
            (
                RECORD.replace("sign, parents)", "parents=parents)"),
                "The new Node has forgotten its sign, so nobody will find its slopes.",
            ),
            (RECORD.replace("sign, parents)", "sign)"), "The new Node has forgotten what it was computed from."),
            (
                RECORD.replace("*[parent.data for parent in parents]", "*parents"),
                "The row should compute with plain numbers. With Nodes, the operator in it calls record again.",
            ),
            (
                RECORD.replace(
                    "Node(compute(*[parent.data for parent in parents]), sign, parents)",
                    "compute(*[parent.data for parent in parents])",
                ),
                "That is the number alone. The new Node holds it, with the sign and the parents.",
            ),
        ),
        why="This is the whole forward pass. No closure, and nothing that knows a derivative.",
    ),
    Exercise(
        "chain_rule",
        solution=CHAIN_RULE,
        probe=after_chain_rule,
        hints=(
            "It is your backward once more, with the gradients in a dictionary. The root comes first, then the nodes from "
            "the last to the first.",
            "At each edge: the share is the gradient of the node times its slope, and a slope is called with what read "
            "returns for the node and for each of its parents. Shares of one parent are added up.",
        ),
        wrong=(
            (
                CHAIN_RULE.replace("gradients.get(parent, 0.0) + share", "share"),
                "The second share overwrites the first: shares are added up.",
            ),
            (
                CHAIN_RULE.replace("reversed(topological_order(root))", "topological_order(root)"),
                "Your order is that of the forward pass: the gradient of a node is asked for before it is known.",
            ),
            (
                CHAIN_RULE.replace("gradients.get(parent, 0.0)", "gradients[parent]"),
                "A parent that has received nothing yet is not in the dictionary. It has to begin with 0.",
            ),
            (
                CHAIN_RULE.replace("slope(read(node), *", "slope(*"),
                "Look at the table: each slope takes the result first, and then the arguments.",
            ),
            (
                CHAIN_RULE.replace("    return gradients", "        return gradients"),
                "That returns after the first node. Where does return stand?",
            ),
            (
                CHAIN_RULE.replace("gradients[node] * slope", "slope"),
                "You add up the slopes alone. The chain rule multiplies each by the gradient of the node.",
            ),
            (
                CHAIN_RULE.replace(
                    "slope(read(node), *[read(each) for each in node.parents])",
                    "slope(node.data, *[each.data for each in node.parents])",
                ),
                "For numbers this is right. But you look at the data yourself, where read should say what the slopes are "
                "computed with.",
            ),
        ),
        why="The chain rule is written once, for all operations, and for numbers and Nodes alike.",
    ),
)

answer, check, hint = course(*EXERCISES)
