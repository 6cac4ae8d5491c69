"""autograd_lite.words.lecture: the names of lecture 14, and what only looks like them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import topological_order, unit_label, weight_label
from autograd_lite.words.lecture import LectureName, delta_name, in_ascii, layer_of, lecture_name, typeset
from nn import MLP


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("w^(1)_{2,0}", LectureName("w", "2,0", "1", layer_first=True)),
        ("s_1^(2)", LectureName("s", "1", "2")),
        ("o_0^(0)", LectureName("o", "0", "0")),
        ("delta_12^(3)", LectureName("delta", "12", "3")),
        ("x1", LectureName("x", "1")),
        ("y_2", LectureName("y", "2")),
        ("eta", LectureName("eta")),
        ("Theta_3", LectureName("Theta", "3")),
        ("e", LectureName("e")),
    ],
)
def test_names_of_the_lecture_are_taken_apart(label, name):
    assert lecture_name(label) == name


@pytest.mark.parametrize(
    "label", ["", "rate", "Eta", "omicron", "v-1", "ss_1^(2)", "s_1^(2)#2", "s_b^(l)", "s_1^2", " x", "x\n", "x 1", "δ"]
)
def test_other_labels_are_not_names_of_the_lecture(label):
    assert lecture_name(label) is None
    assert delta_name(label) == ""


@given(st.sampled_from(["s", "o", "m", "delta"]), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_a_name_put_together_is_taken_apart_into_the_same_parts(letter, layer, unit, below):
    assert lecture_name(unit_label(letter, unit, layer)) == (letter, str(unit), str(layer), False)
    assert lecture_name(weight_label(layer, unit, below)) == ("w", f"{unit},{below}", str(layer), True)


@pytest.mark.parametrize(
    ("label", "in_unicode", "plain"),
    [
        ("w^(1)_{2,0}", "w⁽¹⁾₂,₀", "w^(1)_2,0"),
        ("w^(12)_{11,3}", "w⁽¹²⁾₁₁,₃", "w^(12)_11,3"),
        ("s_1^(2)", "s₁⁽²⁾", "s_1^(2)"),
        ("s_1^(2)#3", "s₁⁽²⁾#3", "s_1^(2)#3"),
        ("delta_10^(2)", "δ₁₀⁽²⁾", "delta_10^(2)"),
        ("x_12", "x₁₂", "x_12"),
        ("Omega", "Ω", "Omega"),
        ("epsilon1", "ε₁", "epsilon_1"),
        *((label, label, label) for label in ("rate", "W[0][1]", "x^2", "w_b", "a#b", "x,_1", "v-1", "")),
    ],
)
def test_names_in_unicode_and_back_in_ascii(label, in_unicode, plain):
    assert typeset(label) == in_unicode
    assert in_ascii(in_unicode) == plain


@given(st.text())
def test_whatever_a_text_is_it_can_be_written_in_ascii(text):
    shown = in_ascii(text)
    assert shown.isascii()
    assert shown == text or not text.isascii()


def test_labels_as_the_lecture_writes_them():
    assert (weight_label(1, 2, 0), unit_label("s", 2, 1)) == ("w^(1)_{2,0}", "s_2^(1)")
    assert {weight_label(2, 1, a) for a in range(3)} < {value.label for value in MLP(2, [2, 1]).parameters()}


@given(st.text(alphabet="sw_^(){},01-", max_size=12))
def test_a_label_is_the_parts_of_its_name_and_signs(label):
    name = lecture_name(label)
    if name is not None:
        parts = [name.letter, name.layer, name.units] if name.layer_first else [name.letter, name.units, name.layer]
        assert "".join(parts) == re.sub(r"[_^(){}]", "", label)


@pytest.mark.parametrize(
    ("label", "layer"),
    [
        ("w^(2)_{1,0}", 2),
        ("s_b^(12)", 12),
        ("o_1^(0)", 0),
        ("tanh^(3)", 3),
        ("x1", None),
        ("", None),
        ("f^(2)(x)", None),
        ("s_1^(1234567)", None),
        ("s_b^(l)", None),
    ],
)
def test_layers(label, layer):
    assert layer_of(label) == layer


def test_each_signal_of_a_network_has_its_delta_and_nothing_else_has():
    labels = {node.label for node in topological_order(MLP(2, [2, 1], seed=0)([1.0, -1.0]))}
    deltas = {label: delta_name(label) for label in labels if delta_name(label)}
    assert deltas == {"s_1^(1)": "delta_1^(1)", "s_2^(1)": "delta_2^(1)", "s_1^(2)": "delta_1^(2)"}


@pytest.mark.parametrize("label", ["o_1^(2)", "w^(1)_{2,0}", "s^(1)_{2}", "s1", "s", "S_1^(2)"])
def test_only_signals_have_a_delta(label):
    assert delta_name(label) == ""
