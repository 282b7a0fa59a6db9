"""Train the bundled digits network and export it to QONNX.

A multilayer perceptron 64-32-16-10 for the 8 x 8 images of scikit-learn: 4-bit pixels, weights
of 3 and 4 bits, 2-bit activations, batch normalisation behind the first layer. It is small
enough for an iCE40 UP5K with room to spare.

Training is quantisation-aware: the forward pass uses quantised weights and activations, the
backward pass looks through the rounding (straight-through estimator; Y. Bengio et al., arXiv
1308.3432), the optimiser is Adam. One of the factors of every matrix product is a narrow integer
and the other one lies on a fixed grid, so that all sums are exact in float64: their order, and
so the processor and its BLAS, do not matter, and the same seed gives the same file.

Run ``python examples/digits/train.py``; it writes the files beside this one in a few seconds.
"""

from __future__ import annotations

import argparse
import io
import itertools
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Reals = NDArray[np.float64]
Parameters = Mapping[str, NDArray[np.float32]]

SEED = 1
STEPS = 600
RATE = 0.01
SIZES = (64, 32, 16, 10)
LAYERS = tuple(range(1, len(SIZES)))
WEIGHT_BITS = {1: 3, 2: 3, 3: 4}
ACTIVATION_BITS = 2
PIXEL_BITS = 4

#: Pixels are 0 to 16; sixteen codes cover them.
PIXEL_SCALE = np.float32(16 / 15)
#: Of every activation; the layers in front adapt to it.
ACTIVATION_SCALE = np.float32(0.6)
#: Of batch normalisation.
EPSILON = 1e-5

DOMAIN = "qonnx.custom_op.general"


@dataclass(frozen=True)
class Digits:
    """Images (count, 64), values 0 to 16, and their labels (count,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def digits() -> tuple[Digits, Digits]:
    """Training set (1,437 images) and test set (360), the labels alike in both."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    split = train_test_split(images.astype(np.uint8), labels.astype(np.uint8), test_size=360,
                             random_state=0, stratify=labels)
    return Digits(split[0], split[2]), Digits(split[1], split[3])


def on_grid(values: Reals, bits: int = 32) -> Reals:
    """``values`` rounded to multiples of ``2**-bits``: products with integers and sums of
    1,437 of them stay below ``2**53`` units, and so are exact."""
    return np.rint(values * 2.0**bits) / 2.0**bits


def weight_scale(latent: NDArray[Any], bits: int) -> NDArray[Any]:
    """A scale for each row: its largest weight becomes the largest code."""
    return np.abs(latent).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)


class Trainer:
    """The network's parameters in float64, its forward and backward passes, and Adam."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.parameters: dict[str, Reals] = {}
        for layer, (cols, rows) in enumerate(itertools.pairwise(SIZES), 1):
            spread = cols**-0.5
            self.parameters[f"weights{layer}"] = rng.uniform(-spread, spread, (rows, cols))
            self.parameters[f"bias{layer}"] = np.zeros(rows)
        self.parameters["gamma"] = np.ones(SIZES[1])
        self.first = {name: np.zeros_like(p) for name, p in self.parameters.items()}
        self.second = {name: np.zeros_like(p) for name, p in self.parameters.items()}

    def forward(self, pixels: Reals) -> tuple[Reals, list[dict[str, Any]]]:
        """Logits for pixel codes, and what the backward pass needs of every layer."""
        codes, scale, kept = pixels, float(PIXEL_SCALE), []
        most = 2**ACTIVATION_BITS - 1
        for layer in LAYERS:
            latent = self.parameters[f"weights{layer}"]
            own = weight_scale(latent, WEIGHT_BITS[layer])
            weights = np.rint(latent / own)
            unit = own[:, 0] * scale
            sums = codes @ weights.T
            note: dict[str, Any] = {"codes": codes, "scale": scale, "weights": weights,
                                    "own": own[:, 0]}
            if layer == 1:
                note["mean"], note["variance"] = sums.mean(axis=0), sums.var(axis=0)
                note["spread"] = np.sqrt(note["variance"] * unit**2 + EPSILON)
                note["normal"] = (sums - note["mean"]) * (unit / note["spread"])
                real = note["normal"] * self.parameters["gamma"] + self.parameters["bias1"]
            else:
                real = sums * unit + self.parameters[f"bias{layer}"]
            kept.append(note | {"unit": unit})
            if layer == LAYERS[-1]:
                return real, kept
            scale = float(ACTIVATION_SCALE)
            codes = np.clip(np.rint(real / scale), 0, most)
            kept[-1]["inside"] = (real > 0) & (real < (most + 0.5) * scale)
        raise AssertionError("unreachable")

    def gradients(self, pixels: Reals, labels: NDArray[Any]) -> dict[str, Reals]:
        """Of the mean cross-entropy, by parameter."""
        logits, kept = self.forward(pixels)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        error = exponentials / exponentials.sum(axis=1, keepdims=True)
        error[np.arange(len(labels)), labels] -= 1
        # A mean of 1,437 terms each at most 1: 30 bits are left for 32 of the grid.
        error = on_grid(error / len(labels))
        found: dict[str, Reals] = {}
        for layer in reversed(LAYERS):
            note = kept[layer - 1]
            if "inside" in note:
                error = on_grid(error * note["inside"])
            found[f"bias{layer}"] = error.sum(axis=0)
            if layer == 1:
                found["gamma"] = on_grid(error * note["normal"]).sum(axis=0)
                count = len(labels)
                centred = (error - found["bias1"] / count
                           - note["normal"] * (found["gamma"] / count))
                error = on_grid(centred * (self.parameters["gamma"] / note["spread"]))
            found[f"weights{layer}"] = (error.T @ note["codes"]) * note["scale"]
            error = on_grid(error * note["own"]) @ note["weights"]
        return found

    def step(self, found: Mapping[str, Reals], number: int) -> None:
        """Adam (Kingma and Ba, 2014), its rate falling along half a cosine."""
        rate = RATE * 0.5 * (1 + np.cos(np.pi * number / STEPS))
        for name, gradient in found.items():
            first, second = self.first[name], self.second[name]
            first += 0.1 * (gradient - first)
            second += 0.01 * (gradient * gradient - second)
            corrected = np.sqrt(second / (1 - 0.99 ** (number + 1))) + 1e-8
            self.parameters[name] -= rate * (first / (1 - 0.9 ** (number + 1))) / corrected

    def result(self, pixels: Reals) -> dict[str, NDArray[np.float32]]:
        """What the file holds, as float32: the mean and variance are those of ``pixels``."""
        _, kept = self.forward(pixels)
        unit = kept[0]["unit"]
        found = {name: value for name, value in self.parameters.items()
                 if not name.startswith("weights")}
        found |= {"mean": kept[0]["mean"] * unit, "variance": kept[0]["variance"] * unit**2}
        for layer in LAYERS:
            latent = self.parameters[f"weights{layer}"]
            # As exporters have it: the columns are the outputs.
            found[f"weights{layer}"] = latent.T
            found[f"weights{layer}_scale"] = weight_scale(latent, WEIGHT_BITS[layer]).T
        return {name: np.ascontiguousarray(value, np.float32)
                for name, value in sorted(found.items())}


def train(images: NDArray[np.uint8], labels: NDArray[np.uint8], *, seed: int = SEED,
          steps: int = STEPS) -> dict[str, NDArray[np.float32]]:
    """The trained network's parameters; every step sees the whole training set."""
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    pixels = _quantise(images.astype(np.float32), PIXEL_SCALE, 0, 2**PIXEL_BITS - 1)
    codes = np.rint(pixels / PIXEL_SCALE).astype(np.float64)
    trainer = Trainer(seed)
    # The matrices are small: one thread is faster than several that wait for one another.
    with threadpool_limits(1):
        for number in range(steps):
            trainer.step(trainer.gradients(codes, labels), number)
        return trainer.result(codes)


def _quantise(x: NDArray[np.float32], scale: NDArray[np.float32] | np.float32, low: int,
              high: int) -> NDArray[np.float32]:
    """QONNX's Quant with zero point 0."""
    return (np.rint(np.clip(x / scale, low, high)) * scale).astype(np.float32)


def predict(parameters: Parameters, images: NDArray[Any]) -> NDArray[np.float32]:
    """Logits (count, 10): every node of the exported network in float32."""
    x = _quantise(images.astype(np.float32), PIXEL_SCALE, 0, 2**PIXEL_BITS - 1)
    for layer in LAYERS:
        most = 2 ** (WEIGHT_BITS[layer] - 1) - 1
        x = x @ _quantise(parameters[f"weights{layer}"], parameters[f"weights{layer}_scale"],
                          -most, most)
        if layer == 1:
            slope = parameters["gamma"] / np.sqrt(parameters["variance"] + np.float32(EPSILON))
            x = x * slope + (parameters["bias1"] - parameters["mean"] * slope)
        else:
            x = x + parameters[f"bias{layer}"]
        if layer < LAYERS[-1]:
            x = _quantise(np.maximum(x, 0), ACTIVATION_SCALE, 0, 2**ACTIVATION_BITS - 1)
    return x


def export(parameters: Parameters) -> bytes:
    """The QONNX file of a network; the same parameters give the same bytes."""
    constants = dict(parameters) | {
        "zero": np.zeros((), np.float32), "pixel_scale": np.array(PIXEL_SCALE),
        "activation_scale": np.array(ACTIVATION_SCALE)}
    nodes: list[onnx.NodeProto] = []
    shapes: dict[str, tuple[int, ...]] = {}

    def add(kind: str, inputs: list[str], output: str, shape: tuple[int, ...],
            **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind.lower()}_{output}",
                                      **attributes))
        shapes[output] = shape
        return output

    def quant(x: str, scale: str, bits: int, output: str, shape: tuple[int, ...], *,
              signed: bool) -> str:
        constants[f"bits{bits}"] = np.array(bits, np.float32)
        return add("Quant", [x, scale, "zero", f"bits{bits}"], output, shape, domain=DOMAIN,
                   signed=int(signed), narrow=int(signed), rounding_mode="ROUND")

    x = quant("image", "pixel_scale", PIXEL_BITS, "pixels", (1, SIZES[0]), signed=False)
    for layer in LAYERS:
        name, shape = f"fc{layer}", (1, SIZES[layer])
        weights = quant(f"weights{layer}", f"weights{layer}_scale", WEIGHT_BITS[layer],
                        f"{name}_weights", SIZES[layer - 1:layer + 1], signed=True)
        x = add("MatMul", [x, weights], f"{name}_sums", shape)
        nodes[-1].name = name
        if layer == 1:
            x = add("BatchNormalization", [x, "gamma", "bias1", "mean", "variance"],
                    f"{name}_normal", shape, epsilon=EPSILON)
        else:
            x = add("Add", [x, f"bias{layer}"],
                    "logits" if layer == LAYERS[-1] else f"{name}_biased", shape)
        if layer < LAYERS[-1]:
            x = add("Relu", [x], f"{name}_relu", shape)
            x = quant(x, "activation_scale", ACTIVATION_BITS, f"{name}_activation", shape,
                      signed=False)

    def described(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes, "digits", [described("image", (1, SIZES[0]))], [described(x, shapes.pop(x))],
        [numpy_helper.from_array(np.asarray(value), key)
         for key, value in sorted(constants.items())],
        value_info=[described(*item) for item in shapes.items()])
    model = helper.make_model(
        graph, producer_name="gatemill examples/digits", ir_version=8,
        opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)])
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def load(path: Path) -> dict[str, NDArray[np.float32]]:
    """The parameters in an exported file: the inverse of :func:`export`."""
    constants = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    return {name: value for name, value in constants.items() if value.ndim}


def _save(path: Path, **arrays: NDArray[Any]) -> None:
    """An ``.npz`` file without a time stamp."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.save(data, array)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), data.getvalue(),
                             zipfile.ZIP_DEFLATED)


def main() -> None:
    """Train, export, say how good it is."""
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Train and export the digits network.")
    parser.add_argument("-o", "--out", type=Path, default=here, help="folder to write")
    out = parser.parse_args().out
    training, test = digits()
    parameters = train(training.images, training.labels)
    for name, part in (("training", training), ("test", test)):
        right = predict(parameters, part.images).argmax(axis=1) == part.labels
        print(f"{name} set: {right.sum()} of {right.size} right ({right.mean():.1%})")
    out.mkdir(parents=True, exist_ok=True)
    (out / "digits.onnx").write_bytes(export(parameters))
    _save(out / "test_images.npz", image=test.images)
    _save(out / "test_labels.npz", label=test.labels)
    print(f"wrote {out / 'digits.onnx'}, test_images.npz, test_labels.npz")


if __name__ == "__main__":
    main()
