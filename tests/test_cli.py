"""The command autograd-lite, run as a user runs it."""

import itertools
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from autograd_lite.cli import main

NEURON = ["tanh(w*x + b)", "w=-3", "x=2", "b=6.88"]

BUFFERED = {"PYTHONUNBUFFERED": ""}
"""Output as most users have it: it is written when its buffer is full, and at the end."""


def test_explain_prints_the_trace(capsys):
    assert main(["explain", *NEURON]) == 0
    printed = capsys.readouterr().out
    assert "v₃ = tanh(v₂) = tanh(0.88) = 0.7064" in printed
    assert "where ∂v₃/∂v₂ = 1 − v₃²" in printed


@pytest.mark.parametrize(
    ("form", "start"), [("markdown", "### Forward"), ("latex", "$$\n\\begin{aligned}"), ("html", "<div")]
)
def test_explain_in_other_forms(form, start, capsys):
    assert main(["explain", *NEURON, "--format", form]) == 0
    assert capsys.readouterr().out.startswith(start)


def test_explain_can_add_tangents_and_show_paths(capsys):
    assert main(["explain", "x*y", "x=2", "y=3", "--tangent", "x", "--digits", "3"]) == 0
    assert "v₁′ = ∂v₁/∂x · x′ + ∂v₁/∂y · y′ = 3 × 1 + 2 × 0 = 3" in capsys.readouterr().out
    assert main(["explain", "x*y + x", "x=2", "y=3", "--paths", "x"]) == 0
    assert "x → v₁ → v₂" in capsys.readouterr().out


def test_explain_writes_a_whole_document_and_symbols(capsys):
    assert main(["explain", *NEURON, "--format", "latex", "--standalone"]) == 0
    assert capsys.readouterr().out.startswith("\\documentclass")
    assert main(["explain", *NEURON, "--symbolic"]) == 0
    printed = capsys.readouterr().out
    assert "∂v₃/∂w = ∂v₃/∂v₁ · ∂v₁/∂w" in printed
    assert "6.88" not in printed
    assert main(["explain", *NEURON, "--standalone"]) == 2
    assert "--standalone needs --format latex; received --format text" in capsys.readouterr().err


def test_explain_writes_to_a_file(tmp_path, capsys):
    file = tmp_path / "trace.md"
    assert main(["explain", *NEURON, "--format", "markdown", "-o", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    assert file.read_text(encoding="utf-8").startswith("### Forward")


def test_draw_writes_a_picture_with_values_and_gradients(tmp_path, capsys):
    file = tmp_path / "neuron.svg"
    assert main(["draw", *NEURON, "-o", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    text = " ".join("".join(ElementTree.parse(file).getroot().itertext()).split())
    assert "0.7064" in text
    assert "grad" in text


def test_draw_writes_the_text_of_graphviz(tmp_path):
    file = tmp_path / "neuron.gv"
    assert main(["draw", *NEURON, "-o", str(file), "--direction", "TB"]) == 0
    assert "rankdir=TB" in file.read_text(encoding="utf-8")


def test_step_prints_all_steps_where_nobody_types(capsys):
    assert main(["step", *NEURON]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "leaves    w = −3, x = 2, b = 6.88"
    assert lines[4] == "seed      ∂v₃/∂v₃ = 1"
    assert lines[-1].startswith("backward  ∂v₃/∂x += ∂v₃/∂v₁ · ∂v₁/∂x = 0.501 × (−3) = −1.503")


def typed(keys):
    """What `step` shows in a terminal in which these keys are typed."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    code = "import sys; from autograd_lite.cli import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "step", *NEURON], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, keys)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # on Linux, how the end of a terminal shows
        pass
    os.close(ours)
    assert process.wait() == 0
    return shown.decode(errors="replace")


def test_step_walks_where_somebody_types():
    headings = re.findall(r"Step \d+ of 10: \w+", typed(b"\nl\nq\n"))
    assert headings == ["Step 1 of 10: leaves", "Step 2 of 10: forward", "Step 10 of 10: backward"]


def test_step_writes_a_page(tmp_path, capsys):
    file = tmp_path / "neuron.html"
    assert main(["step", *NEURON, "-o", str(file), "--predict", "--ask", "slope", "--large", "--digits", "3"]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    for state in ('"predict":true', '"ask":"slope"', '"large":true'):
        assert state in page


def test_step_can_be_limited_to_the_part_below_a_node(capsys):
    expression = "+".join(["tanh(x)"] * 300)
    assert main(["step", expression, "x=1"]) == 2
    assert "the graph has 600 nodes, more than max_nodes=500 allows" in capsys.readouterr().err
    for name in ("v2", "v_2", "v₂"):
        assert main(["step", expression, "x=1", "--below", name]) == 0
        assert capsys.readouterr().out.count("\n") == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["step", "x*2", "x=1", "--below", "y"], "--below must be the name of a node (x, v₁); received 'y'"),
        (["step", "x*2", "x=1", "--digits", "18"], "digits must be from 1 to 17, received 18"),
        (["step", "x*2", "x=1", "-o", "/no/such/folder/x.html"], "No such file"),
        (["explain", "tahn(x)", "x=1"], "unknown function 'tahn'"),
        (["explain", "x", "x"], "expected NAME=NUMBER, for example w=-3; received 'x'"),
        (["explain", "x", "x=a"], "x must be a number, for example -3, 0.5 or 1/2; received 'a'"),
        (["explain", "x", "x=1", "x=2"], "x has two numbers"),
        (["explain", "x*2", "x=1", "--tangent", "y"], "--tangent must be a name in the expression (x); received 'y'"),
        (["explain", "x*2", "x=1", "--paths", "y"], "--paths must be a name"),
        (["explain", "x*2", "x=1", "--digits", "0"], "digits must be from 1 to 17, received 0"),
        (["explain", "x*2", "x=1", "-o", "/no/such/folder/x"], "No such file"),
        (["draw", "x*2", "x=1", "-o", "picture"], "the output must end in one of .svg, .png, .pdf"),
        (["draw", "x*2", "x=1", "-o", "a.jpeg2"], ".webp, .gv, .dot; received a.jpeg2"),
        (["step", "x*2", "x=1", "-o", "a.png"], "the output must end in one of .html, .htm, .svg; received a.png"),
        (["step", "x*2", "x=1", "-o", "a"], "the output must end in one of .html, .htm, .svg; received a"),
        (["draw", "x*2", "x=1", "-o", "/no/such/folder/a.svg"], "No such file"),
        (["check"], "an expression, or --key and --csv, must be there"),
        (["check", "x*2", "x=1"], "there must be answers to check, for example --answers v1=-6 dw=1.00"),
        (["check", "x*2", "x=1", "--key", "key.json"], "--key and --csv belong together, without an expression"),
        (["check", "x*2", "x=1", "--answers", "dx"], "expected NAME=NUMBER, for example w=-3; received 'dx'"),
        (["check", "x*2", "x=1", "--answers", "dx=two"], "the answer in gradients must be a number"),
        (["check", "x*2", "x=1", "--values", "v1=2", "v1=3"], "v1 has two numbers: 2 and 3"),
    ],
)
def test_errors_are_one_message_and_exit_2(arguments, message, capsys):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert message in printed.err


def test_an_expression_with_a_minus_sign_first_gets_a_hint(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["explain", "-x", "x=1"])
    assert "put -- before an expression that starts with a minus sign" in capsys.readouterr().err
    assert main(["explain", "--", "-x", "x=1"]) == 0


def test_the_command_of_the_demo_ends_well(tmp_path, capsys):
    """Its function returns the accuracy, which is not the exit status."""
    assert main(["demo", "--iterations", "5", "-o", str(tmp_path / "demo")]) == 0
    assert "Next: python3 -m webbrowser" in capsys.readouterr().out


def test_the_installed_command_knows_the_demo():
    result = subprocess.run(
        [sys.executable, "-c", "from autograd_lite.cli import main; main(['--help'])"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0
    for command in ("explain", "draw", "step", "demo"):
        assert command in result.stdout


def test_a_sum_of_many_terms_is_not_nested_deeply(capsys):
    arguments = ["explain", "+".join(["x"] * 1200), "x=1", "--max-nodes", "5000"]
    assert main(arguments) == 0
    assert "∂v₁₁₉₉/∂x = 1200" in capsys.readouterr().out
    assert main(arguments[:3]) == 2
    assert (
        "the graph has 1,200 nodes, more than max_nodes=500 allows: explain a part of it, or raise the limit"
        in capsys.readouterr().err
    )


def test_a_reader_that_has_seen_enough_causes_no_error():
    code = "import sys; from autograd_lite.cli import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "explain", "+".join(["x"] * 400), "x=1", "--max-nodes", "1000"],
        env={**os.environ, **BUFFERED},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0


RUN_EACH = """
import shlex, sys
from autograd_lite.cli import main

def status_of(line):
    try:
        return main(shlex.split(line))
    except SystemExit as error:
        return error.code

[status] = {status_of(line) for line in sys.argv[1:]}
sys.exit(status)
"""


def shell(*lines, streams=b"", **environment):
    """Run lines of the command, one after another in a process that sh starts; bytes in, text out."""
    return subprocess.run(
        ["sh", "-c", b'"$PYTHON" -c "$CODE" "$@" ' + streams, "sh", *lines],
        env={**os.environ, "PYTHON": sys.executable, "CODE": RUN_EACH, **BUFFERED, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )


@pytest.mark.skipif(os.name == "nt", reason="written for sh")
@pytest.mark.parametrize(
    ("line", "closed"),
    [
        *itertools.product([b"explain x*x x=2"], [b">&-", b"<&-", b"2>&-", b"<&- >&- 2>&-", b"| true"]),
        *itertools.product([b"step x*x x=2", b"--help"], [b">&-", b"| true"]),
    ],
)
def test_closed_streams_cause_no_error(line, closed):
    result = shell(line, streams=closed)
    assert (result.returncode, result.stderr) == (0, "")
    assert (result.stdout == "") == (b">&-" in closed.replace(b"2>&-", b"") or closed == b"| true")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
@pytest.mark.parametrize("line", [b"explain x*x x=2", b"step x*x x=2"])
def test_output_that_cannot_be_written_is_one_message(line):
    result = shell(line, streams=b">/dev/full")
    assert (result.returncode, result.stderr) == (2, "error: [Errno 28] No space left on device\n")


BAD_BYTES_AND_NAMES = {
    b"explain \xff*x x=2": "invalid character '�' (U+FFFD)",
    b"step 'tanh(\xc3)' x=2": "invalid character '�' (U+FFFD)",
    b"explain x*x x=2 \xe9=3": "expected NAME=NUMBER, for example w=-3; received '\\udce9=3'",
    b"explain x*x x=\xfe": "x must be a number, for example -3, 0.5 or 1/2; received '\\udcfe'",
    b"explain x*x x=2 --tangent \xff": "--tangent must be a name in the expression (x); received '\\udcff'",
    b"step x*x x=2 -o \xff.png": "the output must end in one of .html, .htm, .svg; received \\udcff.png",
    b"step x*x x=2 -o no-\xff/y.html": "No such file or directory: 'no-\\udcff/y.html'",
    b"step x*x x=2 -o no/y.html": "No such file or directory: 'no/y.html'",
    b"draw x*x x=2 -o no/y.svg": "No such file or directory: 'no/y.svg'",
    b"explain x*x x=2 -o no/y": "No such file or directory: 'no/y'",
    b"explain x*x x=2 -o ''": "the name of the file is empty",
    b"draw x*x x=2 -o ''": "the name of the file is empty",
    b"step x*x x=2 -o ''": "the name of the file is empty",
}


@pytest.mark.skipif(os.name == "nt", reason="written for sh")
def test_bytes_that_are_not_utf_8_and_bad_file_names_are_one_message():
    result = shell(*BAD_BYTES_AND_NAMES)
    assert result.returncode == 2
    told = [line for line in result.stderr.splitlines() if "error: " in line]
    assert len(told) == len(BAD_BYTES_AND_NAMES)
    for (line, message), received in zip(BAD_BYTES_AND_NAMES.items(), told, strict=True):
        assert message in received, line
    assert "Traceback" not in result.stderr


WITH_SIGNS = {
    "explain 'é*2' é=3": ["é = 3", r"\xe9 = 3"],
    "step 'δ*2' δ=-3": ["δ = −3", "delta = -3"],
    "explain '日本*2' 日本=3 --format markdown": ["`日本 = 3`", r"`\u65e5\u672c = 3`"],
    "explain 'é*x' é=3 x=2 --paths é": ["All paths from é to v₁", r"All paths from \xe9 to v_1"],
    "explain 'x**2' x=-1e-9": ["∂v₁/∂x = −2e−9", "dv_1/dx = -2e-9"],
    "explain 'é*2' é=3 --format html": ["&#233; = 3</code>"] * 2,
}


@pytest.mark.skipif(os.name == "nt", reason="written for sh")
@pytest.mark.parametrize(
    ("encoding", "environment"),
    [
        ("ascii", {"PYTHONIOENCODING": "ascii"}),
        ("ascii", {"PYTHONIOENCODING": "ascii:strict"}),
        ("utf-8", {"LC_ALL": "C"}),
    ],
)
def test_signs_that_the_output_cannot_encode_are_written_in_ascii(encoding, environment):
    result = shell(*map(str.encode, WITH_SIGNS), **environment)
    assert (result.returncode, result.stderr) == (0, "")
    for line, printed in WITH_SIGNS.items():
        assert printed[encoding == "ascii"] in result.stdout, line


def test_the_terminal_asks_again_after_bytes_that_are_not_utf_8():
    assert "'\\\\xff' is not one of: Enter next" in typed(b"\xff\nq\n")


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("autograd-lite 0.")


def test_step_takes_assignments_fractions_a_mistake_and_a_training_step(capsys):
    expression = "z = w*x + b; L = log(1 + exp(-y*z))"
    numbers = ["w=1/2", "x=2", "b=-1", "y=-1"]
    assert main(["step", expression, *numbers, "--update", "0.5", "--data", "x, y", "--mistake", "no bias"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("leaves    y = −1, w = 0.5, x = 2, b = −1   the mistake: ")
    updates = [line for line in lines if line.startswith("update")]
    assert [line.rpartition(" ")[2] for line in updates] == ["0", "−1"]  # dL/dz is 1/2 at z = 0; b gets nothing
    assert lines[-1].startswith("again     L: 0.6931 → ")


def test_the_title_of_the_page(tmp_path):
    page = tmp_path / "page.html"
    assert main(["step", "w*x", "w=1", "x=2", "--title", "A <product>", "-o", str(page)]) == 0
    assert "<title>A &lt;product&gt;</title>" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["w*x", "w=1/0", "x=2"], "w must be a number, for example -3, 0.5 or 1/2; received '1/0'"),
        (["w*x", "w=1/2/3", "x=2"], "received '1/2/3'"),
        (["w*x", "w=1", "x=2", "--data", "x,q", "--update", "1"], "--data must be a name in the expression (w, x); re"),
        (["w*x", "w=1", "x=2", "--update", "0"], "update must be greater than 0"),
        (["w*x", "w=1", "x=2", "--update", "-1/2"], "update must be greater than 0, and finite, received -0.5"),
        (["tanh(w, x)", "w=1", "x=2"], "tanh takes 1 argument, received 2"),
        (["w*x", "w=1", "x=2", "--below", "q"], "--below must be the name of a node (w, x, v₁); received 'q'"),
        (["w*x", "w=1", "x=2", "--detail", "layer"], "detail must be one of edge, node, received 'layer'"),
        (["w*x", "w=1", "x=2", "-o", "walk.gif"], "the output must end in one of .html, .htm, .svg; received walk.gif"),
    ],
)
def test_step_says_which_option_is_wrong(arguments, message, capsys):
    assert main(["step", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--update", "fast"], "argument --update: must be a number, for example -3, 0.5 or 1/2; received 'fast'"),
        (["--layout", "wide"], "argument --layout: invalid choice: 'wide'"),
        (["--mistake", "none"], "argument --mistake: invalid choice: 'none'"),
        (["--title"], "argument --title: expected one argument"),
    ],
    ids=lambda case: case[0] if isinstance(case, list) else None,
)
def test_what_an_option_does_not_take_is_told_with_its_name(option, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["step", "w*x", "w=1", "x=2", *option])
    assert message in capsys.readouterr().err


def test_worksheets_and_their_keys(tmp_path, capsys):
    sheets, key, marks = (tmp_path / name for name in ("sheets.html", "key.html", "key.json"))
    numbers = ["w=-2..2", "x=1..3", "b=-1,0,1/2"]
    files = ["-o", str(sheets), "--key", str(key), "--key", str(marks)]
    assert main(["worksheet", "tanh(w*x+b)", *numbers, "--variants", "30", "--blanks", "values,totals", *files]) == 0
    assert capsys.readouterr().out.split() == [str(sheets), str(key), str(marks)]
    assert [file.read_text(encoding="utf-8").count('<section class="sheet">') for file in (sheets, key)] == [30, 30]
    assert "______" in sheets.read_text(encoding="utf-8")
    assert "______" not in key.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x=1..3", "--variants", "4", "-o", "a.html"], "variants must be at most 3"),
        (["x=a..b", "-o", "a.html"], "x must be numbers, for example 3"),
        (["x=1", "-o", "a.pdf"], "the output must end in one of .html, .md, .tex, .xml"),
        (["x=1", "-o", "a.html", "--key", "a.xml"], "the output must end in one of .html, .md, .tex, .json"),
        (["x=1", "-o", "a.html", "--blanks", "sums"], "blanks must be one of"),
        (["x=1", "-o", "a.md", "--key", "./a.md"], "--output and --key must be different files; received a.md, a.md"),
        (["x=1", "-o", "a.md", "--standalone"], "--standalone needs a file that ends in .tex; received a.md"),
    ],
)
def test_worksheets_say_which_option_is_wrong(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["worksheet", "x*x", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
