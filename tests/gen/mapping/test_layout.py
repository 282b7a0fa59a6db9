"""Units and the streams between them: every kind of link, every fault of a plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gen.assemble import assemble
from gen.mapping.frames import Frame, frame_of
from gen.mapping.layout import adapt, check_core, lanes_out, lay_out
from gen.mapping.plan import Unit
from sw_model.faults import InputFault, Unsupported
from sw_model.formats import BipolarFormat, IntFormat, TernaryFormat
from sw_model.graph import build
from sw_model.node import AtMost, State, Tensor
from sw_model.ops import MatMul
from tests.support.cores import layer, plan_of, random_core, random_plan
from tests.support.graphs import NetworkBuilder

INT8 = IntFormat(8)


def dense(*jobs, rows=1, lanes=1, name=""):
    return Unit(name=name or f"{jobs[0]}_u", kind="dense", jobs=jobs, rows=rows, lanes=lanes)


def rescale(*jobs, lanes=1, name=""):
    return Unit(name=name or f"{jobs[0]}_u", kind="framework_rescale", jobs=jobs, lanes=lanes)


def three_layers():
    builder = NetworkBuilder("three")
    here = layer(builder, "a", builder.input("x", (12,), INT8), 10)
    here = layer(builder, "b", here, 9)
    return builder.build(layer(builder, "c", here, 7, rescaled=False))


def links_of(core, *units):
    """Links by name, as (source, target, tensors, lanes)."""
    layout = lay_out(core, plan_of(*units))
    return {link.name: (link.source, link.target, link.tensors, link.lanes)
            for link in layout.links}


def test_pipeline():
    found = links_of(three_layers(), dense("a", rows=5, lanes=4), rescale("a_rescale", lanes=5),
                     dense("b", rows=3, lanes=2), rescale("b_rescale", lanes=2),
                     dense("c", rows=7, lanes=9))
    assert found == {
        "x_to_a_u": ("", "a_u", ("x",), (4,)),
        "a_u_to_a_rescale_u": ("a_u", "a_rescale_u", ("a.out",), (5,)),
        # 5 and 2 divide neither: one lane in between. 6 words of 2 hold 10 elements.
        "a_rescale_u_to_b_u": ("a_rescale_u", "b_u", ("a_rescale.out",), (5, 1, 2)),
        "b_u_to_b_rescale_u": ("b_u", "b_rescale_u", ("b.out",), (3, 1, 2)),
        "b_rescale_u_to_c_u": ("b_rescale_u", "c_u", ("b_rescale.out",), (2, 1, 9)),
        "c_u_to_c_out": ("c_u", "", ("c.out",), (7,))}


@pytest.mark.parametrize(("out", "into", "lanes"), [
    (4, 4, (4,)), (4, 2, (4, 2)), (2, 6, (2, 6)), (4, 6, (4, 2, 6)), (3, 5, (3, 1, 5))])
def test_widths(out, into, lanes):
    frame = Frame(10, 3)
    assert adapt(out, into, [frame], [frame]) == lanes


@pytest.mark.parametrize(("out", "into", "given", "taken", "lanes"), [
    (4, 4, Frame(12, 1), Frame(6, 2), (4, 2, 4)), (2, 2, Frame(12, 1), Frame(6, 2), (2,)),
    (6, 2, Frame(6, 2), Frame(4, 3), (6, 2)), (5, 5, Frame(5, 3), Frame(15, 1), (5,)),
    (4, 8, Frame(5, 3), Frame(15, 1), (4, 1, 8))])
def test_words_do_not_span_vectors_of_either_framing(out, into, given, taken, lanes):
    assert adapt(out, into, [given], [taken]) == lanes


def test_shared_units_and_the_order_of_travel():
    """One dense and one rescale unit for all: one link each way carries all tensors in turn."""
    core = three_layers()
    found = links_of(core, dense("a", "b", "c", rows=2, lanes=3, name="d"),
                     rescale("a_rescale", "b_rescale", lanes=2, name="r"))
    assert found == {
        "x_to_d": ("", "d", ("x",), (3,)), "d_to_r": ("d", "r", ("a.out", "b.out"), (2,)),
        "r_to_d": ("r", "d", ("a_rescale.out", "b_rescale.out"), (2, 1, 3)),
        "d_to_c_out": ("d", "", ("c.out",), (2,))}
    layout = lay_out(core, plan_of(dense("a", "b", "c", name="d"),
                                   rescale("a_rescale", "b_rescale", name="r")))
    (loop,) = (link for link in layout.into("d") if link.source)
    assert loop.jobs == ("b", "c")
    assert [link.name for link in layout.out_of("d")] == ["d_to_r", "d_to_c_out"]


def test_tensors_that_are_taken_in_another_order_travel_apart():
    builder = NetworkBuilder("crossed")
    first = layer(builder, "a", builder.input("x", (4,), INT8), 4)
    second = layer(builder, "b", builder.input("y", (4,), INT8), 4)
    core = builder.build(layer(builder, "c", second, 3, rescaled=False),
                         layer(builder, "d", first, 3, rescaled=False))
    found = links_of(core, dense("a"), dense("b"), rescale("a_rescale", "b_rescale", name="r"),
                     dense("c", "d", name="both"))
    assert found["r_to_both"][2] == ("a_rescale.out",)
    assert found["r_to_both_c"][2] == ("b_rescale.out",)


def test_several_readers():
    """A tensor with two readers and an output has a link to each; an input likewise."""
    builder = NetworkBuilder("forked")
    x = builder.input("x", (6,), INT8)
    left, right = layer(builder, "a", x, 4), layer(builder, "b", x, 4)
    core = builder.build(left, layer(builder, "c", left, 3, rescaled=False), right)
    found = links_of(core, dense("a", lanes=2), dense("b", lanes=3), rescale("a_rescale", lanes=4),
                     rescale("b_rescale"), dense("c", lanes=4))
    # The port has the lanes of the widest reader.
    assert found["x_to_a_u"] == ("", "a_u", ("x",), (3, 1, 2))
    assert found["x_to_b_u"] == ("", "b_u", ("x",), (3,))
    assert found["a_rescale_u_to_c_u"][3] == (4,)
    assert found["a_rescale_u_to_a_rescale_out"][:2] == ("a_rescale_u", "")


def test_two_readers_on_one_unit():
    builder = NetworkBuilder("twice")
    x = builder.input("x", (6,), INT8)
    core = builder.build(*(layer(builder, name, x, 4, rescaled=False) for name in "ab"))
    found = links_of(core, dense("a", "b", name="d"))
    assert {name: link[2] for name, link in found.items()} == {
        "x_to_d": ("x",), "x_to_d_b": ("x",), "d_to_a_out": ("a.out",), "d_to_b_out": ("b.out",)}


def test_reshape_that_changes_the_framing():
    builder = NetworkBuilder("framed")
    here = layer(builder, "a", builder.input("x", (3, 4), INT8), 6)
    flat = builder.reshape("flat", here, (18,))
    core = builder.build(layer(builder, "b", flat, 2, rescaled=False))
    layout = lay_out(core, plan_of(dense("a", lanes=4), rescale("a_rescale", lanes=4),
                                   dense("b", lanes=9)))
    (link,) = layout.into("b_u")
    assert (link.given, link.taken) == ((Frame(6, 3),), (Frame(18, 1),))
    # 4 and 9 have one in common; a word of 2 would do for neither.
    assert link.lanes == (4, 1, 9)
    assert link.tensors == ("a_rescale.out",)
    assert frame_of(core.tensors[flat]).words(9) == 2


def test_an_output_behind_a_reshape_has_the_reshaped_name_and_framing():
    """It stays in the core if a layer reads it as well."""
    builder = NetworkBuilder("tail")
    here = layer(builder, "a", builder.input("x", (2, 5), INT8), 6)
    flat = builder.reshape("flat", here, (12,))
    core = builder.build(flat, here, layer(builder, "b", flat, 2, rescaled=False))
    design = assemble(core, plan_of(dense("a"), rescale("a_rescale", lanes=4), dense("b")), "top")
    shown = {s.tensor: (s.direction, s.vector, s.vectors, s.lanes) for s in design.streams}
    assert shown == {"x": ("in", 5, 2, 1), "flat.out": ("out", 12, 1, 4),
                     "a_rescale.out": ("out", 6, 2, 4), "b.out": ("out", 2, 1, 1)}
    links = {link.jobs[0]: link.lanes for link in lay_out(core, design.plan).links}
    assert (links["flat.out"], links["a_rescale.out"]) == ((4, 2, 4), (4,))


def test_lanes_of_outputs():
    assert lanes_out(dense("a", rows=5, lanes=3)) == 5
    assert lanes_out(rescale("a", lanes=3)) == 3
    assert lanes_out(Unit(name="u", kind="argmax", jobs=("a",), lanes=3)) == 1


def test_formats_of_shared_ports_hold_every_code():
    builder = NetworkBuilder("wide")
    x = builder.input("x", (4,), IntFormat(3, signed=False))
    here = builder.table("t", x, [np.arange(8)], IntFormat(7, signed=False))
    a = builder.matmul("a", here, np.ones((3, 4)), accumulator=IntFormat(9))
    y = builder.input("y", (4,), INT8)
    core = builder.build(a, builder.matmul("b", y, np.ones((2, 4)), accumulator=IntFormat(12)))
    layout = lay_out(core, plan_of(Unit(name="t", kind="table", jobs=("t",), lanes=1),
                                   dense("a", "b", name="d")))
    assert layout.source_formats == {"t": (IntFormat(7, signed=False),), "d": (IntFormat(12),)}
    assert layout.target_formats == {"t": (IntFormat(3, signed=False),), "d": (INT8,)}


def test_names_stay_apart():
    """Of links, where tensors are called alike; of units, where theirs would meet others'."""
    builder = NetworkBuilder("named")
    here = builder.matmul("a/b", builder.input("x", (4,), INT8), np.ones((3, 4)))
    there = builder.matmul("a.b", builder.input("y", (4,), INT8), np.ones((3, 4)))
    core = builder.build(here, there)
    units = dense("a/b", name="u/v"), dense("a.b", name="u.v")
    assert len(lay_out(core, plan_of(*units)).links) == 4
    design = assemble(core, plan_of(*units), "top")
    assert {"u_v", "u_v_2"} <= set(design.component.parts)
    assert len({stream.name for stream in design.streams}) == 4
    with pytest.raises(InputFault, match="two things would be called 'u_weights'; give one"):
        assemble(core, plan_of(dense("a/b", name="u"), dense("a.b", name="u_weights")), "top")


@pytest.mark.parametrize(("units", "message"), [
    ([dense("a"), dense("b"), dense("c"), rescale("a_rescale"), rescale("d_rescale")],
     "plan: unit 'd_rescale_u' has the unknown job 'd_rescale'; did you mean 'b_rescale'? there "
     "are a, a_rescale, b, b_rescale, c"),
    ([dense("a", "b", "a")], "plan: job 'a' is twice in unit 'a_u'"),
    ([dense("a"), dense("a", "b", name="v")], "plan: job 'a' is in units 'a_u' and 'v'"),
    ([dense("a", "b"), rescale("a_rescale")], "plan: no unit serves 'b_rescale', 'c'"),
    ([dense("a", "c", "b")],
     "plan: the jobs of unit 'a_u' must stand in the network's order: a, b, c"),
    ([dense("a", "a_rescale")],
     "plan: unit 'a_u' is a dense, but job 'a_rescale' needs a framework_rescale"),
    ([rescale("c")], "plan: unit 'c_u' is a framework_rescale, but job 'c' needs a dense"),
    ([], "plan: no unit serves 'a', 'a_rescale', 'b', 'b_rescale', 'c'")])
def test_faults(units, message):
    with pytest.raises(InputFault) as caught:
        lay_out(three_layers(), plan_of(*units))
    assert str(caught.value) == message


def two_products(first, second):
    builder = NetworkBuilder("formats")
    outs = []
    for name, (form, weights) in zip("ab", (first, second), strict=True):
        x = builder.input(f"x{name}", (3,), form)
        outs.append(builder.matmul(name, x, np.ones((2, 3)), format_=weights,
                                   accumulator=IntFormat(12)))
    return builder.build(*outs)


def test_formats_that_cannot_share():
    core = two_products((BipolarFormat(), INT8), (INT8, INT8))
    with pytest.raises(InputFault) as caught:
        lay_out(core, plan_of(dense("a", "b", name="d")))
    assert str(caught.value) == ("unit 'd', inputs: bipolar cannot share a stream with int8; "
                                 "give those jobs units of their own")
    core = two_products((INT8, BipolarFormat()), (INT8, TernaryFormat()))
    with pytest.raises(InputFault, match="unit 'd', weights: bipolar cannot share a stream with "
                                         "ternary; give those jobs units of their own"):
        assemble(core, plan_of(dense("a", "b", name="d")), "top")


def test_what_has_no_hardware():
    tensors = [Tensor("x", (AtMost(5), 3), INT8), Tensor("s", (2,), IntFormat(12)),
               Tensor("zero", (2,), IntFormat(12), value=np.zeros(2, int)),
               Tensor("w", (2, 3), INT8, value=np.ones((2, 3), int)),
               Tensor("y", (AtMost(5), 2), IntFormat(12))]
    node = MatMul(name="fc", inputs=("x", "w"), outputs=("y",), format=IntFormat(12))
    core = build("n", tensors, [node], ["x"], ["y"], [State("s", "zero", "s")])
    with pytest.raises(Unsupported) as caught:
        check_core(core)
    assert [obstacle.node for obstacle in caught.value.obstacles] == ["s", "x", "y"]
    empty = replace(core, nodes=(), states=(), outputs=(), inputs=(), tensors={})
    with pytest.raises(Unsupported, match="n: 1 unsupported: n: the network has no layer"):
        lay_out(empty, plan_of(dense("fc")))


def test_every_edge_has_a_link():
    """Of any network: what a unit takes is what the readers read, once, with the right words."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        core = random_core(rng)
        layout = lay_out(core, random_plan(rng, core))
        taken = sorted(job for link in layout.links for job in link.jobs)
        needed = sorted([job for unit in layout.units for job in unit.jobs] + list(core.outputs))
        assert taken == needed
        assert len({link.name for link in layout.links}) == len(layout.links)
        for link in layout.links:
            for given, into in zip(link.given, link.taken, strict=True):
                assert given.vector * given.vectors == into.vector * into.vectors
                narrow = min(link.lanes)
                if given != into:
                    assert given.vector % narrow == into.vector % narrow == 0
                assert given.words(narrow) == into.words(narrow)
            assert all(a % b == 0 or b % a == 0
                       for a, b in zip(link.lanes, link.lanes[1:], strict=False))
