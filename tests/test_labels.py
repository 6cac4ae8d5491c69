"""autograd_lite.labels: labels and numbers that are safe to show."""

from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.labels import LONGEST_LABEL, clean, number_text


@given(st.text())
def test_every_label_becomes_a_short_line_that_can_be_written_to_a_file(label):
    shown = clean(label)
    assert len(shown) <= LONGEST_LABEL
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


@given(st.floats(allow_nan=False), st.integers(1, 17))
def test_a_number_reads_as_python_rounds_it(number, digits):
    text = number_text(number, digits)
    assert "-" not in text
    assert float(text.replace("−", "-").replace("∞", "inf")) == float(f"{number:.{digits}g}")
