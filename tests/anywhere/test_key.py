"""autograd_lite.teaching.key: every number that a sheet can ask for, and keys that are written and read back."""

import pytest

from autograd_lite import Value, cos, maximum, walk_steps
from autograd_lite.teaching.key import KINDS, Blank, load_key, save_key, sheet_of


def neuron():
    w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")
    root = (w * x + b).tanh()
    root.label = "L"
    return root, x


def test_the_numbers_are_those_of_the_walk():
    root, x = neuron()
    numbers = sheet_of(root, learning_rate=0.5, data=[x]).numbers()
    assert {kind for kind, _ in numbers} == set(KINDS)
    walk = walk_steps(root, update=0.5, data=[x])
    forward = [step.result for step in walk if step.phase == "forward"]
    assert [number for blank, number in numbers.items() if blank.kind == "values"] == forward
    steps = [step.step for step in walk if step.phase == "backward"]
    for kind, attribute in (("slopes", "slope"), ("products", "share"), ("totals", "total")):
        found = [number for blank, number in numbers.items() if blank.kind == kind]
        assert found == [getattr(step, attribute) for step in steps]
    assert numbers[Blank("gradients", "L")] == 1
    assert [numbers[Blank("updated", name)] for name in "wb"] == [s.result for s in walk if s.phase == "update"]
    assert numbers[Blank("updated", "x")] == 2
    assert numbers[Blank("updated", "L")] == next(step.result for step in walk if step.phase == "again")


def test_an_argument_that_is_used_twice_has_two_edges():
    x = Value(5.0, "x")
    numbers = sheet_of(x / x).numbers()
    assert [numbers[Blank("slopes", name)] for name in ("v1/x", "v1/x#2")] == [1 / 5, -5 / 25]
    assert [numbers[Blank("totals", name)] for name in ("v1/x", "v1/x#2")] == [1 / 5, 0]


def test_a_key_that_is_read_back_has_the_same_numbers(tmp_path):
    root, x = neuron()
    y = Value(0.1, 'δ "1"/\N{SNOWMAN}')
    blanks = [Blank("values", "v2"), Blank("slopes", "L/v2"), Blank("gradients", "x"), Blank("updated", "w")]
    written = {
        1: sheet_of(root, blanks, 0.5, [x]),
        12: sheet_of(maximum(cos(y), y * y - 1e-300) ** 3 + y, [Blank("gradients", y.label)]),
    }
    read = load_key(save_key(written, tmp_path / "key.json"))
    assert list(read) == [1, 12]
    for number, sheet in written.items():
        assert read[number].numbers() == sheet.numbers()
        assert list(read[number].blanks) == list(sheet.blanks)


def test_numbers_that_the_graph_does_not_have_are_refused():
    root, _ = neuron()
    with pytest.raises(ValueError, match="slopes must be of L/v2, v2/v1, v2/b, v1/w, v1/x, received 'L/w'"):
        sheet_of(root, [Blank("slopes", "L/w")])
    with pytest.raises(ValueError, match="updated must be of nothing here, received 'w'"):
        sheet_of(root, [Blank("updated", "w")])


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"sheets": 3}', '{"sheets": {"a": {}}}', '{"sheets": {"1": {"graph": [["x", "no", [], 1]]}}}'],
)
def test_a_file_that_is_not_a_key_is_refused(text, tmp_path):
    (tmp_path / "key.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"key.json is not a key that worksheet has written \("):
        load_key(tmp_path / "key.json")
