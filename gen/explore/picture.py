"""The picker's picture: error against bits, as SVG."""

from __future__ import annotations

import io
import math

from .candidates import FAMILIES
from .picker import Picked

__all__ = ["picture"]

#: Lossless formats stand so far above the best lossy one, in dB.
ABOVE = 10


def picture(picked: Picked) -> str:
    """Signal to quantisation noise over bits, the Pareto front as a line: one ``<svg>``.

    The same bytes for the same choices.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    finite = [choice.sqnr for choice in picked.choices if math.isfinite(choice.sqnr)]
    top = max(finite, default=0.0) + ABOVE
    with matplotlib.rc_context({"svg.hashsalt": "gatemill", "svg.fonttype": "none"}):
        figure = Figure(figsize=(9, 5.5), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        for number, family in enumerate(FAMILIES):
            points = [(c.bits, min(c.sqnr, top)) for c in picked.choices if c.family == family
                      and c.sqnr > -math.inf]
            if points:
                bits, ratios = zip(*points, strict=True)
                axes.scatter(bits, ratios, s=22, color=f"C{number % 10}",
                             marker="o^"[number // 10], label=family)
        front = [c for c in picked.choices if c.pareto and c.sqnr > -math.inf]
        axes.plot([c.bits for c in front], [min(c.sqnr, top) for c in front], color="0.6",
                  linewidth=1, zorder=0)
        axes.axvline(picked.budget, color="0.4", linestyle=":", linewidth=1)
        best = picked.best
        axes.annotate(best.name, (best.bits, min(max(best.sqnr, -ABOVE), top)), xytext=(8, -14),
                      textcoords="offset points", arrowprops={"arrowstyle": "-"})
        axes.set_xlabel("bits for each element, scales included")
        axes.set_ylabel("signal to quantisation noise, dB")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, ncols=3, loc="lower right")
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg"):]
