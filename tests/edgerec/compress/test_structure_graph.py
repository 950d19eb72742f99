from types import SimpleNamespace

import numpy as np

from edgerec.compress.structure_graph import ColumnGraph


def test_tied_columns_have_one_root_however_they_were_tied() -> None:
    graph = ColumnGraph()
    one, two, three = graph.new(3), graph.new(3), graph.new(3)
    graph.tie(one, two)
    graph.tie(three, two[::-1])
    assert graph.roots(one).tolist() == graph.roots(two).tolist() == [0, 1, 2]
    assert graph.roots(three).tolist() == [2, 1, 0]


def test_a_reason_holds_for_all_that_is_tied_and_the_first_told_stays() -> None:
    graph = ColumnGraph()
    one, two = graph.new(2), graph.new(2)
    graph.fix(two[:1], "first")
    graph.fix(two[:1], "second")
    graph.tie(one, two)
    assert graph.fixed == {0: "first"}
    assert graph.bent == {}


def test_a_layer_makes_the_same_columns_at_each_call_and_ties_what_it_takes() -> None:
    graph, layer = ColumnGraph(), SimpleNamespace(name="deep")
    assert np.array_equal(graph.makes(layer, 3), graph.makes(layer, 3))
    one, two = graph.new(2), graph.new(2)
    graph.takes(layer, one)
    graph.takes(layer, two)
    assert np.array_equal(graph.roots(one), graph.roots(two))


def test_ids_have_no_columns() -> None:
    graph = ColumnGraph()
    assert len(graph.fresh(SimpleNamespace(shape=(None,)), "ids")) == 0
    assert len(graph.fresh(SimpleNamespace(shape=(None, 4)), "features")) == 4
    assert set(graph.fixed.values()) == {"features"}
