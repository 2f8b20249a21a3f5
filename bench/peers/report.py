# SPDX-License-Identifier: Apache-2.0
"""The peers' times as a line, and as a section of a page."""

PEERS = ["PyTorch", "ONNX Runtime", "OpenBLAS"]
BEGIN = "<!-- Written by ./dev peers; do not edit. -->"
END = "<!-- End of what ./dev peers writes. -->"


def time_text(seconds):
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds * 1e6:.3g} µs"


def line(name, times):
    """{peer: (seconds, form)} in a line."""
    cells = [f"{peer} {time_text(s)} ({form})" for peer, (s, form) in times.items()]
    return f"{name}: " + ", ".join(cells)


def row(title, times):
    """A peer's time, and how many times fovea's it is."""
    own = times["fovea"][0]
    cells = [title, time_text(own)]
    for peer in PEERS:
        if peer in times:
            seconds = times[peer][0]
            cells.append(f"{time_text(seconds)} ({seconds / own:.1f} x)")
        else:
            cells.append("")
    return "| " + " | ".join(cells) + " |"


def forms(rows, peer):
    """Which of its operators was the fastest where, as "A (P1, P2), B (D1)"."""
    names = {}
    for title, times in rows:
        if peer in times:
            names.setdefault(times[peer][1], []).append(title.split(":")[0])
    return ", ".join(f"`{form}` ({', '.join(on)})" for form, on in names.items())


def section(rows, versions, missing, machine, empty):
    """Markdown, from BEGIN to END; `empty` seconds are a call's that does nothing."""
    lines = [BEGIN, f"One core of {machine}; beside a time, how many times fovea's it"]
    lines += [
        f"is. Of fovea's and OpenBLAS's, {time_text(empty)} are the call from Python."
    ]
    lines += [""]
    lines += ["| case | fovea | " + " | ".join(PEERS) + " |"]
    lines += ["|---" * (len(PEERS) + 2) + "|"]
    lines += [row(title, times) for title, times in rows]
    lines += ["", "Versions, and what each was called by:", ""]
    for peer, version in versions.items():
        lines.append(f"- {peer} {version}: {forms(rows, peer)}")
    lines += [f"- without {peer}" for peer in missing]
    return "\n".join([*lines, END])


def with_section(page, text):
    """The page with the section in the old one's place."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the section")
    return before + text + after
