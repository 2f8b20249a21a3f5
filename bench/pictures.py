# SPDX-License-Identifier: Apache-2.0
"""The pictures of docs/performance.md, one function each."""

import math
import re

import matplotlib
from matplotlib import pyplot
from matplotlib.colors import LogNorm

from results import GROWTH_TOLERANCE, median_growth

matplotlib.use("Agg")  # needs no display

# Okabe and Ito's colours, told apart by colour-blind readers too.
BLACK, GREY = "#000000", "#8c8c8c"
BLUE, SKY = "#0072B2", "#56B4E9"
ORANGE, VERMILION, GREEN = "#E69F00", "#D55E00", "#009E73"


def size_text(size):
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def new_figure(height, title, subtitle):
    """800 pixels wide when saved."""
    figure = pyplot.figure(figsize=(8, height))
    figure.suptitle(title, fontsize=14, fontweight="bold", x=0.02, ha="left")
    figure.text(
        0.02,
        1 - 0.5 / height,
        subtitle,
        fontsize=9.5,
        color="#404040",
        va="top",
    )
    return figure


# More of the measured ones only blur the picture.
ROOFS = (16 << 10, 256 << 10, 4 << 20, 256 << 20)

# In points; the rest stand to the right of their marks.
LABEL_OFFSETS = {
    "P1": (-7, -14),
    "P2": (-7, -14),
    "P3": (-2, -14),
    "P4": (7, 2),
    "M1": (8, -6),
    "D1": (-22, -5),
}


def draw_roofs(axes, results):
    low, high = axes.get_xlim()
    peak = results.fma_peak() / 1e9
    (x0, y0), (x1, y1) = axes.transData.transform([(1, 10), (10, 100)])
    angle = math.degrees(math.atan2(y1 - y0, x1 - x0))
    axes.plot([low, high], [peak, peak], color=BLACK, linewidth=1.6)
    axes.annotate(
        f"fused multiply-add from registers: {peak:.0f} GFLOP/s",
        (low, peak),
        xytext=(6, 5),
        textcoords="offset points",
        fontsize=9,
    )
    for size, bandwidth in results.read_bandwidths().items():
        if size not in ROOFS:
            continue
        rate = bandwidth / 1e9
        start = max(low, axes.get_ylim()[0] / rate)
        axes.plot(
            [start, peak / rate],
            [start * rate, peak],
            color=GREY,
            linewidth=1.1,
        )
        axes.annotate(
            f"reading {size_text(size)}: {rate:.0f} GB/s",
            (start, start * rate),
            xytext=(5, 13),
            textcoords="offset points",
            rotation=angle,
            rotation_mode="anchor",
            fontsize=8.5,
            color="#505050",
        )


def draw_points(axes, results, pattern, **style):
    """Draws the cases so named; returns their (x, y, first part of name)."""
    points = [
        (case["flops_per_byte"], case["gflops"], name.split("/")[0])
        for name, case in results.cases.items()
        if "flops_per_byte" in case and re.match(pattern, name)
    ]
    if points:
        x, y, _ = zip(*points)
        axes.scatter(x, y, **style)
    return points


def roofline(results, path):
    figure = new_figure(
        5.6,
        "How close to the machine's limits",
        "one core; lines: the most that the same process measured of it",
    )
    axes = figure.add_axes((0.085, 0.1, 0.895, 0.78))
    rates = [
        case["gflops"] for case in results.cases.values() if "gflops" in case
    ]
    peak = results.fma_peak() / 1e9
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(0.04, 2000),
        ylim=(0.6 * min(rates, default=peak / 50), 1.6 * peak),
    )
    draw_roofs(axes, results)
    small = {"s": 16, "linewidths": 0, "zorder": 2}
    draw_points(
        axes,
        results,
        "sweep/run",
        color=SKY,
        label="the sweep from plain tensors",
        **small,
    )
    draw_points(
        axes,
        results,
        "sweep/attend",
        color=ORANGE,
        label="the sweep from a cache",
        **small,
    )
    for letter, marker, color, label in (
        ("P", "o", BLUE, "P: prefill"),
        ("D", "^", VERMILION, "D: decode from a cache"),
        ("M", "s", GREEN, "M: multi-head module"),
    ):
        points = draw_points(
            axes,
            results,
            letter + r"\d/",
            s=58,
            marker=marker,
            color=color,
            edgecolors="white",
            label=label,
            zorder=3,
        )
        for x, y, name in points:
            axes.annotate(
                name,
                (x, y),
                xytext=LABEL_OFFSETS.get(name, (7, -4)),
                textcoords="offset points",
                fontsize=9.5,
                fontweight="bold",
            )
    axes.set_xlabel("operations per byte of keys and values")
    axes.set_ylabel("GFLOP/s")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", fontsize=9, framealpha=1)
    figure.savefig(path, dpi=100)


def draw_heat_map(axes, cases, norm, cmap):
    queries = sorted({case.queries for case in cases})
    dims = sorted({case.dim for case in cases})
    grid = [[float("nan")] * len(queries) for _ in dims]
    for case in cases:
        grid[dims.index(case.dim)][queries.index(case.queries)] = case.speedup
    image = axes.imshow(grid, norm=norm, cmap=cmap, aspect="auto")
    for row, values in enumerate(grid):
        for column, value in enumerate(values):
            red, green, blue, _ = cmap(norm(value))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
            axes.text(
                column,
                row,
                f"{value:.2f}" if value < 10 else f"{value:.0f}",
                ha="center",
                va="center",
                fontsize=10.5,
                color="white" if dark else "black",
                fontweight="bold" if value < 1 else "normal",
            )
    axes.set_xticks(range(len(queries)), queries)
    axes.set_yticks(range(len(dims)), dims)
    axes.tick_params(length=0)
    axes.set_ylabel("head_dim")
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def sweep(results, path):
    cases = results.sweep()
    kernels = results.context.get("openblas_kernels", "?")
    figure = new_figure(
        5.6,
        "How many times as fast as unfused on OpenBLAS",
        "sgemm (sgemv for one query), softmax with fovea's exponential, "
        f"sgemm; OpenBLAS kernels: {kernels}.\n4 heads, one core; 512 keys, or "
        "as many as queries. Below 1, in bold, fused loses.",
    )
    norm, cmap = LogNorm(0.25, 4), pyplot.get_cmap("RdBu")
    panels = figure.subplots(
        2,
        2,
        gridspec_kw={
            "width_ratios": [7, 3],
            "wspace": 0.17,
            "hspace": 0.32,
            "left": 0.075,
            "right": 0.9,
            "bottom": 0.095,
            "top": 0.80,
        },
    )
    titles = {"run": "Run, plain tensors", "attend": "Attend, a cache"}
    for row, causal in enumerate((False, True)):
        for column, call in enumerate(titles):
            axes = panels[row][column]
            chosen = [c for c in cases if (c.path, c.causal) == (call, causal)]
            if not chosen:
                axes.set_axis_off()
                continue
            image = draw_heat_map(axes, chosen, norm, cmap)
            mask = "causal" if causal else "full"
            axes.set_title(f"{titles[call]}, {mask}", fontsize=10.5, loc="left")
            if row == 1:
                axes.set_xlabel("queries")
            if column == 1:
                axes.set_ylabel("")
    bar = figure.add_axes((0.925, 0.095, 0.018, 0.705))
    figure.colorbar(image, cax=bar, extend="both")
    bar.set_yticks([0.25, 0.5, 1, 2, 4], ["¼", "½", "1", "2", "4"])
    bar.minorticks_off()
    figure.savefig(path, dpi=100)


def growth(results, path):
    tolerance = GROWTH_TOLERANCE
    figure = new_figure(
        4.2,
        "The cost of a long text",
        "N queries on N keys, one head of dim 64, one core: time / N²",
    )
    axes = figure.add_axes((0.085, 0.135, 0.895, 0.68))
    axes.axhspan(
        1 - tolerance,
        1 + tolerance,
        color="#e8e8e8",
        linewidth=0,
        label=f"within {100 * tolerance:.0f} %",
    )
    for causal, marker, color in ((False, "o", BLUE), (True, "^", VERMILION)):
        cases = results.growth(causal)
        if not cases:
            continue
        median = median_growth(cases)
        tokens = [case.tokens for case in cases]
        axes.plot(
            tokens,
            [case.picoseconds / median for case in cases],
            marker=marker,
            markersize=7,
            color=color,
            label=f"{'causal' if causal else 'full'}: {median / 1e3:.2f} ns · N²",
        )
    axes.set_xscale("log", base=2)
    axes.set_xticks(tokens, tokens)
    axes.set_ylim(0.8, 1.2)
    axes.set_xlabel("N, tokens")
    axes.set_ylabel("relative to the median")
    axes.grid(axis="y", color="#d8d8d8", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="upper left", fontsize=9.5, ncol=3, framealpha=1)
    figure.savefig(path, dpi=100)
