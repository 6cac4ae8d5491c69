"""Files of weights: to the bit and back, without pickles, replaced only when complete; other files are refused."""

import io
import json
import math
import os
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn import MLP, micrograd
from nn.training.checkpoint import load_weights, read_arrays, save_weights, write_arrays

ODD = [5e-324, -0.0, math.pi, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 1 / 3]


def bits(matrices):
    return [(matrix.shape, matrix.tobytes()) for matrix in matrices]


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=4),
    st.sampled_from(["tanh", "relu", "sigmoid", "linear"]),
    st.sampled_from([None, "linear", "softplus"]),
    st.data(),
)
def test_weights_and_activations_come_back_to_the_bit(tmp_path, sizes, activation, last, data):
    numbers = st.floats() | st.sampled_from(ODD)
    net = MLP(sizes[0], sizes[1:], activation, last, seed=0)
    net.weights = [[[data.draw(numbers) for _ in row] for row in matrix] for matrix in net.weights]
    save_weights(net, tmp_path / "net.npz")
    again = load_weights(tmp_path / "net.npz")
    assert bits(again.weights) == bits(net.weights)
    assert (again.sizes, again.activations) == (net.sizes, net.activations)


def test_a_loaded_network_computes_the_same(tmp_path):
    net = micrograd.MLP(2, [3, 2])
    save_weights(net, str(tmp_path / "no-suffix"))
    again = load_weights(tmp_path / "no-suffix")
    assert [o.data for o in again([0.3, -0.7])] == [o.data for o in net([0.3, -0.7])]
    assert [path.name for path in tmp_path.iterdir()] == ["no-suffix"], "the name is as it was given"


def test_a_network_that_cannot_be_built_again_is_refused(tmp_path):
    hidden, single = MLP(2, [2, 2, 1], seed=0), MLP(2, [2, 1], seed=0)
    for neuron in hidden.layers[1].neurons:
        neuron.nonlin = False
    single.layers[0].neurons[1].nonlin = False
    for net in (hidden, single):
        with pytest.raises(ValueError, match=r"^net must have one activation in all hidden units"):
            save_weights(net, tmp_path / "net.npz")
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_an_archive_of_plain_arrays(tmp_path):
    net = MLP(2, [3, 1], seed=0)
    save_weights(net, tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as file:
        assert sorted(file.files) == ["W1", "W2", "activations"]
        assert (file["W1"] == net.weights[0]).all()
        assert json.loads(str(file["activations"])) == ["tanh", "tanh"]


class Pickled:
    """An object that ends the process when it is unpickled."""

    def __reduce__(self):
        return (os.abort, ())


def test_a_file_with_a_pickle_is_refused_without_running_it(tmp_path):
    objects = np.array([[Pickled()]], dtype=object)
    path = tmp_path / "evil.npz"
    np.savez(path, W1=objects, activations=np.array('["tanh"]'))
    with pytest.raises(ValueError, match=r"evil.npz is not a file of arrays that was written here: .*allow_pickle"):
        load_weights(path)


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archive(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return file.getvalue()


GOOD = {"W1": np.ones((2, 3)), "W2": np.ones((1, 3)), "activations": np.array('["tanh", "tanh"]')}
OTHERS = {
    "nothing": b"",
    "text": b"my notes",
    "the start of a zip file": b"PK\x03\x04",
    "the start of an array": b"\x93NUMPY",
    "a pickle": b"\x80\x04N.",
    "a single array": npy(np.ones((2, 3))),
    "half a file": npz(**GOOD)[:400],
    "a zip file of something else": archive(readme="hello"),
    "a zip file with these names": archive(W1="hello", activations="world"),
    "no arrays": npz(),
    "no activations": npz(W1=GOOD["W1"], W2=GOOD["W2"]),
    "no weights": npz(activations=GOOD["activations"]),
    "a layer missing": npz(W1=GOOD["W1"], W3=GOOD["W2"], activations=GOOD["activations"]),
    "something more": npz(**GOOD, more=np.ones(1)),
    "layers that do not fit": npz(**{**GOOD, "W2": np.ones((1, 9))}),
    "vectors": npz(**{**GOOD, "W1": np.ones(3)}),
    "words": npz(**{**GOOD, "W1": np.array([["a", "b", "c"]])}),
    "unknown activations": npz(**{**GOOD, "activations": np.array('["sin", "cos"]')}),
    "activations that are not a list": npz(**{**GOOD, "activations": np.array('{"tanh": 1}')}),
    "activations that are numbers": npz(**{**GOOD, "activations": np.array("[1, 2]")}),
    "activations that are not JSON": npz(**{**GOOD, "activations": np.array("tanh")}),
    "no activation": npz(**{**GOOD, "activations": np.array("[]")}),
    "too few activations": npz(**{**GOOD, "activations": np.array('["tanh"]')}),
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_other_files_are_refused_by_name(tmp_path, content):
    path = tmp_path / "some file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"some file (is not a file of arrays|does not hold the weights)"):
        load_weights(path)


def test_a_file_of_which_a_byte_has_changed_is_refused(tmp_path):
    content = bytearray(npz(**GOOD))
    place = content.index(np.ones((2, 3)).tobytes())
    content[place] ^= 1
    (tmp_path / "net.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"net.npz is not a file of arrays"):
        load_weights(tmp_path / "net.npz")


def test_what_is_not_a_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_weights(tmp_path / "nowhere.npz")
    with pytest.raises(OSError, match="directory"):
        load_weights(tmp_path)
    with pytest.raises(OSError, match="nowhere"):
        save_weights(MLP(1, [1], seed=0), tmp_path / "nowhere" / "net.npz")
    with pytest.raises(OSError, match="directory"):
        save_weights(MLP(1, [1], seed=0), tmp_path)


# The file is replaced only when complete


def test_an_error_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "arrays.npz"
    write_arrays(path, {"a": np.arange(3)})
    content = path.read_bytes()

    def half(file, **_):
        file.write(b"PK\x03\x04 half")
        file.flush()
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(KeyboardInterrupt):
        write_arrays(path, {"a": np.arange(4)})
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["arrays.npz"]


KILLED_WHILE_WRITING = """
import os, signal, sys
import numpy as np
from nn.training.checkpoint import write_arrays

def half(file, **_):
    file.write(b"PK half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

np.savez = half
write_arrays(sys.argv[1], {"a": np.arange(4)})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_kill_9_in_the_middle_leaves_the_old_file_and_the_next_writing_succeeds(tmp_path):
    path = tmp_path / "arrays.npz"
    write_arrays(path, {"a": np.arange(3)})
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert read_arrays(path)["a"].tolist() == [0, 1, 2]
    write_arrays(path, {"a": np.arange(5)})
    assert read_arrays(path)["a"].tolist() == [0, 1, 2, 3, 4]
    assert [one.name for one in tmp_path.iterdir()] == ["arrays.npz"]


def test_the_file_is_complete_on_the_disk_before_it_replaces_the_old_one(tmp_path, monkeypatch):
    done, path = [], tmp_path / "arrays.npz"
    fsync, replace = os.fsync, type(path).replace

    def flushed(number):
        done.append(("fsync", read_arrays(tmp_path / "arrays.npz.part")["a"].tolist()))
        fsync(number)

    def replaced(source, target):
        done.append(("replace", source.name, target.name))
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(type(path), "replace", replaced)
    write_arrays(path, {"a": np.arange(2)})
    assert done == [("fsync", [0, 1]), ("replace", "arrays.npz.part", "arrays.npz")]


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_no_file_is_left_open(tmp_path):
    path = tmp_path / "half.npz"
    path.write_bytes(OTHERS["half a file"])
    for _ in range(3):
        with pytest.raises(ValueError, match="half"):
            read_arrays(path)
    path.unlink()
