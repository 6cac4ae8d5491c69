"""Files of weights: to the bit and back, without pickles, replaced only when complete; other files are refused."""

import builtins
import errno
import hashlib
import io
import json
import math
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

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
    with zipfile.ZipFile(tmp_path / "net.npz") as opened:
        assert opened.comment == hashlib.sha256((tmp_path / "net.npz").read_bytes()[:-64]).hexdigest().encode()


class Pickled:
    """An object that ends the process when it is unpickled."""

    def __reduce__(self):
        return (os.abort, ())


def test_a_file_with_a_pickle_is_refused_without_running_it(tmp_path):
    objects = np.array([[Pickled()]], dtype=object)
    path = tmp_path / "evil.npz"
    path.write_bytes(sealed(npz(W1=objects, activations=np.array('["tanh"]'))))
    with pytest.raises(ValueError, match=r"evil.npz is damaged, or was not written by this package: .*allow_pickle"):
        load_weights(path)


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def sealed(content):
    """An archive with its checksum as the comment, which begins with its length."""
    content = content[:-2] + bytes([64, 0])
    return content + hashlib.sha256(content).hexdigest().encode()


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


@pytest.mark.parametrize("seal", [bytes, sealed], ids=["", "sealed"])
@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_other_files_are_refused_by_name(tmp_path, content, seal):
    path = tmp_path / "some file"
    path.write_bytes(seal(content))
    with pytest.raises(ValueError, match=r"some file (is damaged, or was not written|does not hold the weights)"):
        load_weights(path)


def test_the_files_above_differ_from_one_that_is_read(tmp_path):
    path = tmp_path / "good"
    path.write_bytes(sealed(npz(**GOOD)))
    assert bits(load_weights(path).weights) == bits([GOOD["W1"], GOOD["W2"]])


def test_a_change_of_any_byte_and_a_file_cut_off_anywhere_are_noticed(tmp_path):
    path = tmp_path / "net.npz"
    save_weights(MLP(1, [1], seed=0), path)
    content = path.read_bytes()
    flipped = [content[:i] + bytes([content[i] ^ 1 << i % 8]) + content[i + 1 :] for i in range(len(content))]
    cut_off = [content[:end] for end in range(0, len(content), 5)]
    for damaged in [*flipped, *cut_off, content + b"\0", content + content, b"\0" + content]:
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"net.npz is damaged, or was not written by this package: its checksum"):
            load_weights(path)


def test_a_path_that_is_not_a_file_raises_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_weights(tmp_path / "nowhere.npz")
    with pytest.raises(OSError, match="directory"):
        load_weights(tmp_path)
    with pytest.raises(OSError, match="nowhere"):
        save_weights(MLP(1, [1], seed=0), tmp_path / "nowhere" / "net.npz")
    for no_file in (tmp_path, os.devnull):
        with pytest.raises(OSError, match="not a file, but a directory, a device or a circular link"):
            save_weights(MLP(1, [1], seed=0), no_file)
    with pytest.raises(OSError, match="too long"):
        save_weights(MLP(1, [1], seed=0), tmp_path / ("x" * 250))


# The file is replaced only when complete


def test_an_error_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "arrays.npz"
    write_arrays(path, {"a": np.arange(3)})
    content = path.read_bytes()

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_arrays(path, {"a": np.arange(4)})
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["arrays.npz"]


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_an_os_error_names_the_file(tmp_path, monkeypatch, step):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device", *(["net.npz.part"] if step == "open" else []))

    owner = {"open": builtins, "fsync": os, "replace": pathlib.Path}[step]
    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(OSError, match=r"No space left on device: '.*net\.npz'$"):
        save_weights(MLP(1, [1], seed=0), tmp_path / "net.npz")


def run_python(code, *arguments):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


KILLED_WHILE_WRITING = """
import os, signal, sys
import numpy as np
from nn.training.checkpoint import write_arrays

os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
write_arrays(sys.argv[1], {"a": np.arange(4)})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_kill_9_in_the_middle_leaves_the_old_file_and_the_next_writing_succeeds(tmp_path):
    path = tmp_path / "arrays.npz"
    write_arrays(path, {"a": np.arange(3)})
    with run_python(KILLED_WHILE_WRITING, path) as process:
        assert process.wait() == -signal.SIGKILL
    assert read_arrays(path)["a"].tolist() == [0, 1, 2]
    write_arrays(path, {"a": np.arange(5)})
    assert read_arrays(path)["a"].tolist() == [0, 1, 2, 3, 4]
    [unfinished] = {one.name for one in tmp_path.iterdir()} - {"arrays.npz"}
    assert re.fullmatch(r"arrays\.npz\.[0-9a-f]{8}\.part", unfinished)


def test_the_file_is_complete_on_the_disk_before_it_replaces_the_old_one(tmp_path, monkeypatch):
    done, path = [], tmp_path / "arrays.npz"
    fsync, replace = os.fsync, type(path).replace

    def flushed(number):
        done.append(("fsync", read_arrays(*tmp_path.glob("arrays.npz.*.part"))["a"].tolist()))
        fsync(number)

    def replaced(source, target):
        done.append(("replace", source.suffix, target.name))
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(type(path), "replace", replaced)
    write_arrays(path, {"a": np.arange(2)})
    assert done == [("fsync", [0, 1]), ("replace", ".part", "arrays.npz")]


WRITING = """
import sys
import numpy as np
from nn.training.checkpoint import write_arrays

print("started", flush=True)
for number in range(100):
    write_arrays(sys.argv[1], {"a": np.full(1000, number)})
"""


def test_two_processes_may_write_one_file(tmp_path):
    path = tmp_path / "arrays.npz"
    with run_python(WRITING, path) as one, run_python(WRITING, path) as other:
        assert one.stdout.readline() == other.stdout.readline() == "started\n"
        while one.poll() is None or other.poll() is None:
            if path.exists():
                assert len(set(read_arrays(path)["a"].tolist())) == 1, "the whole file of one of them"
    assert one.returncode == other.returncode == 0
    assert read_arrays(path)["a"].tolist() == [99] * 1000
    assert list(tmp_path.iterdir()) == [path]


def test_two_threads_may_write_one_file(tmp_path, monkeypatch):
    """Both are in the middle of their writing at the same time."""
    path, both, fsync = tmp_path / "arrays.npz", threading.Barrier(2), os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: [fsync(number), both.wait(60)])
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda number: write_arrays(path, {"a": np.full(3, number)}), range(2)))
    assert read_arrays(path)["a"].tolist() in ([0, 0, 0], [1, 1, 1])
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o200, 0o464, 0o446])
def test_permissions_are_kept_and_those_of_a_new_file_follow_the_mask(tmp_path, mode):
    path, ordinary = tmp_path / "arrays.npz", tmp_path / "ordinary"
    ordinary.touch()
    write_arrays(path, {"a": np.arange(2)})
    assert path.stat().st_mode == ordinary.stat().st_mode
    path.chmod(mode)
    write_arrays(path, {"a": np.arange(3)})
    assert path.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("mode", [0o444, 0o400, 0o555])
def test_a_write_protected_file_is_not_replaced(tmp_path, mode):
    path = tmp_path / "arrays.npz"
    write_arrays(path, {"a": np.arange(2)})
    path.chmod(mode)
    with pytest.raises(PermissionError, match=r"the file is write-protected: '.*arrays\.npz'"):
        write_arrays(path, {"a": np.arange(3)})
    assert read_arrays(path)["a"].tolist() == [0, 1]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_stays_one(tmp_path, exists):
    folder, link = tmp_path / "large disk", tmp_path / "run.npz"
    folder.mkdir()
    (tmp_path / "between.npz").symlink_to("large disk/target.npz")
    link.symlink_to("between.npz")
    for number in range(1 - exists, 2):
        write_arrays(link if number else folder / "target.npz", {"a": np.full(1, number)})
    assert (link.is_symlink(), (folder / "target.npz").is_symlink()) == (True, False)
    assert read_arrays(folder / "target.npz")["a"].tolist() == read_arrays(link)["a"].tolist() == [1]
    assert [one.name for one in folder.iterdir()] == ["target.npz"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_links_that_form_a_cycle_are_refused(tmp_path):
    one, other = tmp_path / "one.npz", tmp_path / "other.npz"
    one.symlink_to(other)
    other.symlink_to(one)
    with pytest.raises(OSError, match="a circular link"):
        write_arrays(one, {"a": np.arange(2)})
    assert one.is_symlink()


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_no_file_is_left_open(tmp_path):
    path = tmp_path / "half.npz"
    path.write_bytes(sealed(OTHERS["half a file"]))
    for _ in range(3):
        with pytest.raises(ValueError, match="half"):
            read_arrays(path)
    path.unlink()
