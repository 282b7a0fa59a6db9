"""The bundled network, handed over once for all tests."""

from __future__ import annotations

import pytest

from boards.handover import hand_over
from boards.handover.delivery import gather
from gen.source import build_source
from tests.support.checkout import ROOT


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """A build folder of the digits network."""
    folder = tmp_path_factory.mktemp("handover") / "digits"
    build_source(ROOT / "examples/digits/digits.onnx", folder, lambda _: None,
                 device="ecp5-25k")
    return folder


@pytest.fixture(scope="session")
def delivery(digits):
    """What is handed over of it."""
    (folder := digits.parent / "delivery").mkdir()
    hand_over(digits, folder, clock_mhz=25, samples=30, identity=0x1234)
    return folder


@pytest.fixture(scope="session")
def gathered(digits):
    """The build as generators of files see it."""
    return gather(digits, clock_mhz=25)
