"""The bundled digits network: the file is what the script makes, and as good as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from boards.synth import synth
from examples.digits import train
from gen.cli import main
from gen.frontends import import_model
from gen.passes import compile_graph
from gen.source import build_source
from sw_model.graph import Graph

FOLDER = Path(train.__file__).parent
FILE = FOLDER / "digits.onnx"

#: Logic cells that the network may take on an iCE40 UP5K, host link included.
MOST_CELLS = 3000

#: Cells left for the host link: an allowance, since there is none yet to be measured. A UART with
#: its divider and framing with a CRC are estimated at 300; the rest is for registers of the words
#: in and out (32 and 9 bits), their multiplexers and what controls them.
HOST_LINK = 800


@pytest.fixture(scope="module")
def images() -> NDArray[Any]:
    with np.load(FOLDER / "test_images.npz") as file:
        return file["image"]


@pytest.fixture(scope="module")
def labels() -> NDArray[Any]:
    with np.load(FOLDER / "test_labels.npz") as file:
        return file["label"]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return import_model(FILE)


@pytest.fixture(scope="module")
def logits(graph: Graph, images: NDArray[Any]) -> NDArray[Any]:
    return graph.run({"image": images.astype(np.float32)})[0]["logits"]


def test_the_same_parameters_are_exported_to_the_same_bytes() -> None:
    assert train.export(train.load(FILE)) == FILE.read_bytes()


def test_the_test_set_is_scikit_learns(images: NDArray[Any], labels: NDArray[Any]) -> None:
    training, test = train.digits()
    np.testing.assert_array_equal(test.images, images)
    np.testing.assert_array_equal(test.labels, labels)
    seen = {image.tobytes() for image in training.images}
    assert not any(image.tobytes() in seen for image in images)
    assert np.bincount(labels).min() >= 34


def test_accuracy_on_the_whole_test_set(logits: NDArray[Any], labels: NDArray[Any]) -> None:
    assert (logits.argmax(axis=1) == labels).sum() == 353
    assert len(labels) == 360
    assert "353 of the 360" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_import_equals_the_script_s_own_forward_pass(images: NDArray[Any],
                                                         logits: NDArray[Any]) -> None:
    own = train.predict(train.load(FILE), images)
    np.testing.assert_array_equal(own.argmax(axis=1), logits.argmax(axis=1))
    np.testing.assert_allclose(own, logits, rtol=0, atol=1e-5)


def test_the_import_equals_qonnx(graph: Graph, images: NDArray[Any]) -> None:
    """Every activation's code; logits to within float32's freedom to order a sum."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx

    model = ModelWrapper(str(FILE))
    some = images[::6].astype(np.float32)
    values = graph.trace({"image": some})
    scales = {"pixels": train.PIXEL_SCALE, "fc1_activation": train.ACTIVATION_SCALE,
              "fc2_activation": train.ACTIVATION_SCALE}
    for place, image in enumerate(some):
        real = execute_onnx(model, {"image": image[None]}, return_full_exec_context=True)
        for name, scale in scales.items():
            np.testing.assert_array_equal(np.rint(real[name][0] / scale),
                                          values[f"{name}_codes"][place], f"{name} of {place}")
        np.testing.assert_allclose(real["logits"][0], values["logits"][place], rtol=0, atol=2e-6)
        assert real["logits"].argmax() == values["logits"][place].argmax()


def test_the_compiled_network_equals_the_imported_one(graph: Graph, images: NDArray[Any],
                                                      logits: NDArray[Any]) -> None:
    compiled = compile_graph(graph)
    assert [record["form"] for record in compiled.report] == ["thresholds", "thresholds"]
    seen = compiled.graph.run({"image": images.astype(np.float32)})[0]["logits"]
    np.testing.assert_array_equal(seen, logits)


def test_the_test_set_is_what_run_takes(tmp_path: Path, logits: NDArray[Any]) -> None:
    out = tmp_path / "out.npz"
    assert main(["run", str(FILE), "--inputs", str(FOLDER / "test_images.npz"), "-o", str(out),
                 "--dequantise"]) == 0
    with np.load(out) as file:
        np.testing.assert_array_equal(file["logits"], logits)


@pytest.mark.full
def test_training_gives_the_same_file() -> None:
    training, _ = train.digits()
    parameters = train.train(training.images, training.labels)
    assert train.export(parameters) == FILE.read_bytes()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A build by the plan of the example spec."""
    build_source(FOLDER.parent / "specs" / "digits.yaml", tmp_path / "out", lambda _: None)
    return tmp_path / "out"


def test_it_fits_an_ice40_up5k_with_room_for_a_host_link(small: Path) -> None:
    total = synth(small, device="ice40-up5k")["total"]
    # A cell holds a lookup table, a carry, a register or several of them: at worst one each.
    cells = sum(total["luts"].values()) + total["carry"] + total["ffs"]
    assert cells + HOST_LINK <= MOST_CELLS
    assert total["block_rams"] <= 15
    assert total["dsps"] == 0


@pytest.mark.full
def test_it_is_placed_on_an_ice40_up5k_with_room_for_a_host_link(small: Path) -> None:
    placed = synth(small, device="ice40-up5k", place=True, clock_mhz=12)["placement"]
    assert placed["met"]
    assert placed["utilisation"]["ICESTORM_LC"]["used"] + HOST_LINK <= MOST_CELLS
