"""autograd_lite.pictures.plain: pictures where graphviz is not installed."""

import sys
from xml.etree import ElementTree

import pytest

from autograd_lite import Value, draw
from autograd_lite.pictures.plain import PlainPicture


@pytest.fixture
def _without_graphviz(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    monkeypatch.delitem(sys.modules, "autograd_lite.pictures.picture", raising=False)


@pytest.mark.usefixtures("_without_graphviz")
def test_a_graph_is_drawn_without_graphviz():
    picture = draw(Value(2.0, "a") * 3)
    assert type(picture) is PlainPicture
    assert repr(picture) == "<Picture: Computation graph with 2 nodes and 1 edges>"
    assert picture.pipe().decode() == picture.pipe("svg", encoding="utf-8")
    boxes = {
        one.get("id") for one in ElementTree.fromstring(picture.pipe()).iter() if one.get("id", "").startswith("n")
    }
    assert boxes == {"n0", "n1"}
    assert 'alt="Computation graph with 2 nodes and 1 edges"' in picture._repr_html_()
    assert picture._repr_latex_().count("a") > 1


@pytest.mark.usefixtures("_without_graphviz")
@pytest.mark.parametrize(("options", "format"), [({}, "pdf"), ({"use_dot": True}, "svg")])
def test_other_pictures_name_what_is_missing(options, format):
    with pytest.raises(ImportError, match="pip install graphviz"):
        draw(Value(2.0), **options).pipe(format)
