"""nn.demo: real flowers, in a folder."""

from xml.etree import ElementTree

import pytest
from test_drawing import line_of

from nn.demo import run


def test_the_demo_learns_and_leaves_its_files(tmp_path, capsys):
    folder = tmp_path / "made" / "here"
    accuracy = run(folder, iterations=40)
    assert accuracy >= 0.8
    assert sorted(file.name for file in folder.iterdir()) == [
        "gradients.html",
        "gradients.txt",
        "graph.svg",
        "steps.html",
        "trace.txt",
    ]
    printed = capsys.readouterr().out
    assert "35 weights" in printed
    assert str(folder) in printed
    assert printed.endswith(f"\nNext: python3 -m webbrowser {(folder / 'steps.html').as_uri()}\n")
    largest = float(printed.split("|autodiff - delta recursion or program| ")[1].split()[0])
    assert largest < 1e-11
    assert "δ₁⁽²⁾" in (folder / "trace.txt").read_text(encoding="utf-8")
    texts = ElementTree.parse(folder / "graph.svg").getroot().iter("{http://www.w3.org/2000/svg}text")
    shown = [line_of(text) for text in texts]
    bias, signal = shown.index("w⁽¹⁾₁,₀"), shown.index("s₁⁽¹⁾ = Σ")
    assert shown[bias + 2].removeprefix("grad ") == shown[signal + 2].removeprefix("δ₁⁽¹⁾ = "), "of one flower only"


def test_bad_arguments_are_named_and_nothing_is_written(tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(ValueError, match="iterations"):
        run(folder, iterations=0)
    with pytest.raises(ValueError, match="rate"):
        run(folder, rate=0.0)
    with pytest.raises(ValueError, match="seed"):
        run(folder, seed=-1)
    assert not folder.exists()
