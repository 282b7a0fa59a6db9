"""The manifest: round trip, digests, and one clear line for whatever is wrong with it."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest

from sw_model.faults import InputFault
from tests.support.build_folders import PROBE, lookup_folder, probe_folder
from verif.manifest import (
    Host,
    Manifest,
    Model,
    Prediction,
    Stream,
    Tap,
    TapTensor,
    changed_files,
    digest,
)


@pytest.fixture
def folder(tmp_path):
    return probe_folder(tmp_path, [*range(16)])


def test_round_trip(tmp_path):
    manifest = Manifest(
        name="n", top="n", verilog="rtl/n.v", gatemill="0.1",
        model=Model(file="n.tflite", sha256="ab"), prediction=Prediction(interval=5, latency=9),
        host=Host(head=("q",), tail=("softmax",)), files={"rtl/n.v": "12"},
        tools={"amaranth": "0.5.10"},
        streams=(Stream(name="i", direction="in", tensor="x", format="uint4", lanes=3, vector=7,
                        vectors=2),),
        taps=(Tap(signal="t", lanes=2, width=20, sequence=(
            TapTensor(tensor="a", format="int20", vector=5),
            TapTensor(tensor="b", format="int8", vector=4, vectors=3))),))
    path = manifest.save(tmp_path)
    assert Manifest.load(tmp_path) == manifest
    text = path.read_text()
    assert text.endswith("}\n")
    assert json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n" == text
    # Vectors start on a word of their own.
    assert (manifest.streams[0].words, manifest.streams[0].width) == (6, 12)
    assert manifest.taps[0].words == 3 + 6


def test_digest(tmp_path):
    (path := tmp_path / "a").write_bytes(b"gatemill")
    assert digest(path) == hashlib.sha256(b"gatemill").hexdigest()


def test_changed_files(tmp_path):
    folder = lookup_folder(tmp_path)
    manifest = Manifest.load(folder)
    assert changed_files(folder, manifest) == []
    (folder / "certificate.json").write_text("{}")
    (folder / "rtl" / "lookup.v").write_text(PROBE)
    (folder / "rtl" / "first.mem").unlink()
    (folder / "rtl" / "foreign.mem").write_text("")
    (folder / "graph.json").write_text("{}")
    assert changed_files(folder, manifest) == ["graph.json", "rtl/first.mem", "rtl/foreign.mem",
                                               "rtl/lookup.v"]


@pytest.mark.parametrize(("old", "new", "what"), [
    ('"schema": 1', '"schema": 2', "schema is 2, but must be 1; build the folder again"),
    ('"schema": 1,', "", "schema is None"),
    ('"int8"', '"int99"', r"width of a signed integer must be 1 to 64, not 99.*streams\[0\]"),
    ('"int8"', '"float32"', "no bit patterns"),
    ('"int8"', '"e9m9"', "unknown format 'e9m9'"),
    ('"lanes": 1', '"lanes": 0', "lanes must be at least 1, not 0"),
    ('"lanes": 1', '"lanes": "1"', "Expected `int`, got `str`"),
    ('"lanes": 1', '"lane": 1', "missing required field `lanes`|unknown field `lane`"),
    ('"direction": "in"', '"direction": "up"', "Invalid enum value 'up'"),
    ('"name": "o"', '"name": "i"', "two of one name: stream 'i'"),
    ('"tensor": "second"', '"tensor": "first"', "two of one name: tapped tensor 'first'"),
    ('"name": "o"', '"name": "o;"', "name must be a Verilog identifier, not 'o;'"),
    ('"verilog": "rtl/', '"verilog": "../rtl/', "must be a path inside the folder"),
    ('"file": "rtl/', '"file": "/rtl/', "must be a path inside the folder"),
    ('"width": 12', '"width": 7', "width of tap 'wide' is 7, but 'first' needs 8"),
    ('"interval": 2', '"interval": -2', "interval must be at least 1, not -2"),
    ("{", "", "malformed"), ("{", "[", "malformed")])
def test_broken_manifests(folder, old, new, what):
    path = folder / "manifest.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputFault, match=rf"manifest\.json: .*({what})") as caught:
        Manifest.load(folder)
    assert "\n" not in str(caught.value)


def test_not_a_build_folder(tmp_path):
    with pytest.raises(InputFault, match=r"manifest\.json: cannot be read .*gatemill build"):
        Manifest.load(tmp_path)


def test_bytes_that_are_no_text(folder):
    (folder / "manifest.json").write_bytes(b'{"schema": 1, "name": "\xff"}')
    with pytest.raises(InputFault, match=r"manifest\.json: "):
        Manifest.load(folder)


def test_values_are_checked_where_they_are_made(folder):
    manifest = Manifest.load(folder)
    with pytest.raises(ValueError, match="top must be a Verilog identifier, not 'a b'"):
        msgspec.convert({**msgspec.to_builtins(manifest), "top": "a b"}, Manifest)
