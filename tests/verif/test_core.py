"""The network of a build folder, and what is wrong where there is none."""

from __future__ import annotations

import msgspec
import pytest

from sw_model.faults import InputFault
from tests.support.build_folders import lookup_folder
from verif.core import load_core
from verif.manifest import Manifest


@pytest.fixture
def folder(tmp_path):
    return lookup_folder(tmp_path / "build")


def test_the_core(folder):
    manifest = Manifest.load(folder)
    core = load_core(folder, manifest)
    assert {stream.tensor for stream in manifest.inputs} == set(core.inputs)
    assert {stream.tensor for stream in manifest.outputs} == set(core.outputs)


def test_no_network(folder):
    (folder / "graph.json").unlink()
    with pytest.raises(InputFault, match=r"graph\.json: cannot be read \(No such file"):
        load_core(folder, Manifest.load(folder))


def test_a_broken_network(folder):
    (folder / "graph.json").write_text("{")
    with pytest.raises(InputFault, match=r"graph\.json"):
        load_core(folder, Manifest.load(folder))


def test_another_network(folder):
    manifest = Manifest.load(folder)
    streams = tuple(msgspec.structs.replace(stream, tensor="other") for stream in manifest.streams)
    with pytest.raises(InputFault, match=r"inputs carry other, but the network has .*; build"):
        load_core(folder, msgspec.structs.replace(manifest, streams=streams))
