"""Fixtures of the board tests: a cache of their own, and small designs with certain costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from amaranth.lib import wiring

from hw.verilog import to_verilog


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The tool runs of this session happen, whatever the user's cache holds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEMILL_CACHE", str(folder := tmp_path_factory.mktemp("cache")))
        yield folder


@pytest.fixture(scope="session")
def rtl(tmp_path_factory: pytest.TempPathFactory) -> Callable[[wiring.Component], Path]:
    """``rtl(component)`` writes its Verilog, module ``top``, beside the image ``rom.mem``."""
    words = np.random.default_rng(1).integers(0, 1 << 36, 512)
    image = "\n".join(f"{word:09x}" for word in words) + "\n"

    def write(component: wiring.Component) -> Path:
        folder = tmp_path_factory.mktemp("rtl")
        (folder / "rom.mem").write_text(image)
        (path := folder / "top.v").write_text(to_verilog(component, "top"))
        return path
    return write
