"""Makes RESULTS.md, results.svg and growth.svg out of what one run of the benches left: report.py DIRECTORY WHERE SUBJECT...

DIRECTORY has a file of JSON lines for each subject that ran, whose kinds are `row` (one of the table), `point` (one of a curve), `version`
(of what is measured) and `part` (when and how the subject ran). What is not there is not shown.
"""

from __future__ import annotations

import json
import math
import platform
import subprocess
import sys
import time
from html import escape
from pathlib import Path

GROUPS = [
    ("C: time", "header token warm get threads cold system stream load"),
    ("C: memory and instructions", "memory growth instructions"),
    ("The command", "command"),
    ("A store", "store"),
    ("Python", "python"),
    ("Java", "java"),
    ("Size", "size"),
    ("What the server is asked", "counts"),
]
# Of what is no worse than linear: what a busy machine, caches and page tables may add.
TOLERANCE = 0.1


def number(value: float) -> str:
    """Three digits, with commas between thousands."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def amount(value: float, unit: str) -> str:
    if unit == "us":
        for size, name in ((1e6, "s"), (1e3, "ms"), (1, "us")):
            if value >= size:
                return f"{number(value / size)} {name}"
        return f"{number(value * 1e3)} ns"
    if unit == "bytes" and value >= 1e4:
        return f"{number(value / 1e6)} MB" if value >= 1e6 else f"{number(value / 1e3)} kB"
    if unit in ("instructions", "KiB", "bytes", "exchanges", "sign-ins"):
        return f"{value:,.0f} {unit if unit in ('KiB', 'bytes') else ''}".strip()
    return f"{number(value)} {unit}"


def short(value: float, of: str) -> str:
    """For an axis."""
    step, names = (1024, ("", " Ki", " Mi")) if of == "bytes" else (1000, ("", "k", "M"))
    power = 2 if value >= step**2 else 1 if value >= step else 0
    return f"{value / step**power:g}{names[power]}{'B' if of == 'bytes' else ''}"


def is_floor(row: dict) -> bool:
    return row.get("peer", "").startswith("floor")


def verdict(row: dict) -> tuple[str, str]:
    """The limit, and whether it is met."""
    if row["limit"]:
        return f"{row['limit']:g}", "met" if row["ratio"] <= row["limit"] else "**missed**"
    if row.get("most"):
        return f"{amount(row['most'], row['unit'])} of ours", "met" if row["ours_value"] <= row["most"] else "**missed**"
    return "", ""


def table_row(row: dict) -> str:
    ratio, beside = "", ""
    if "ratio" in row:
        ratio = number(row["ratio"])
        if row["rounds"] > 1:  # One round has no spread.
            ratio += f" ({number(row['low'])} to {number(row['high'])})"
        beside = amount(row["peer_value"], row["unit"])
    peer = row.get("peer", "")
    note = f", {row['note']}" if row.get("note") else ""
    limit, met = verdict(row)
    cells = [row["work"], row["ours"], peer + note, ratio, amount(row["ours_value"], row["unit"]), beside, limit, met]
    return "| " + " | ".join([*cells, row.get("pinning", "")]) + " |"


# --- Curves. ---


def slope(points: list[dict]) -> float:
    """How steep a curve is between many and most, on logarithmic scales: 1 is linear. Of its upper half alone, since what comes once hides
    the rest below."""
    upper = points[len(points) // 2 - 1 :] if len(points) > 3 else points
    xs, ys = ([math.log(point[axis]) for point in upper] for axis in "xy")
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def curves(points: list[dict]) -> dict[str, dict[str, list[dict]]]:
    found: dict[str, dict[str, list[dict]]] = {}
    for point in points:
        found.setdefault(point["curve"], {}).setdefault(point["what"], []).append(point)
    return found


def growth_rows(found: dict[str, dict[str, list[dict]]]) -> list[str]:
    lines = []
    for curve, lines_of in found.items():
        for what, points in lines_of.items():
            first, last, steep = points[0], points[-1], slope(points)
            judged = "linear or better" if steep <= 1 + TOLERANCE else "**worse than linear**"
            controls = [slope(one) for name, one in lines_of.items() if "control" in name]
            if "control" in what:
                judged = "the machine's"
            elif steep > 1 + TOLERANCE and any(steep <= control + TOLERANCE for control in controls):
                judged = "no worse than its control"
            unit = first["unit"].removesuffix(" each")
            low, high = (f"{short(point['x'], point['of'])}: {amount(point['y'], unit)}" for point in (first, last))
            cells = [curve, what, low, high, f"{steep:.2f}", judged, first["pinning"]]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


# --- Plots, by hand: text is text, and colours go with light and dark; a missed limit has another shape, too. ---

STYLE = """<style>
  svg { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; --paper: #ffffff; --ink: #1f2328; --faint: #d1d9e0;
        --grey: #59636e; --blue: #0072b2; --red: #b84a00; --green: #00785a; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --ink: #f0f6fc; --faint: #3d444d; --grey: #9198a1; --blue: #56b4e9; --red: #f5a05a; --green: #35c79a; }
  }
  .paper { fill: var(--paper); } text { fill: var(--ink); } .grey { fill: var(--grey); } .head { font-weight: 600; }
  .grid { stroke: var(--faint); } .one { stroke: var(--ink); } .limit { stroke: var(--ink); stroke-width: 2; }
  .met { fill: var(--blue); stroke: var(--blue); } .missed { fill: var(--paper); stroke: var(--red); stroke-width: 2; }
  .band { stroke: var(--blue); stroke-width: 5; opacity: .45; } .band.off { stroke: var(--red); }
  .a { fill: none; stroke: var(--blue); stroke-width: 2; } .b { fill: none; stroke: var(--red); stroke-width: 2; stroke-dasharray: 5 3; }
  .a-dot { fill: var(--blue); } .b-dot { fill: var(--red); } .guide { stroke: var(--grey); stroke-dasharray: 2 3; }
</style>"""


class Drawing:
    def __init__(self, width: int, height: int, title: str) -> None:
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
            f"<title>{escape(title)}</title>",
            STYLE,
            f'<rect class="paper" width="{width}" height="{height}" rx="6"/>',
        ]

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>')

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>')

    def add(self, element: str) -> None:
        self.parts.append(element)

    def save(self, path: Path) -> None:
        path.write_text("\n".join([*self.parts, "</svg>"]) + "\n", encoding="utf-8")


def plot_ratios(rows: list[tuple[str, list[dict]]], path: Path) -> None:
    left, right, top, step, width = 500, 70, 78, 19, 1000
    height = top + sum(step * (len(group) + 1.6) for _, group in rows) + 20
    all_rows = [row for _, group in rows for row in group]
    least = 10 ** math.floor(math.log10(min(row["ratio"] for row in all_rows)))
    # What is beyond the edge is drawn on it; its figure stands beside it.
    most = min(20.0, max(2.0, *(row.get("high", row["ratio"]) * 1.1 for row in all_rows)))

    def at(ratio: float) -> float:
        part = math.log(min(max(ratio, least), most) / least) / math.log(most / least)
        return left + part * (width - left - right)

    drawing = Drawing(width, round(height), "Our time over that of others, in the median of the rounds; left of 1 we are faster")
    drawing.text(16, 24, "Ours over theirs: left of 1, ours takes less", "head")
    drawing.text(16, 42, "dot: median of the rounds; band: their middle half; bar: the limit; a square in orange misses it", "grey")
    for mark in (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10):
        if least <= mark <= most:
            drawing.line(at(mark), top - 4, at(mark), height - 12, "one" if mark == 1 else "grid")
            drawing.text(at(mark), top - 8, f"{mark:g}", "grey", "middle")
    y = float(top)
    for title, group in rows:
        y += step * 1.1
        drawing.text(16, y + 4, title, "head")
        for row in group:
            y += step
            missed = row["limit"] and row["ratio"] > row["limit"]
            both = ", two processors" if row.get("pinning") == "a processor each" else ""
            drawing.text(28, y + 4, f"{row['work'].removeprefix(title + ': ')}{both}")
            drawing.text(left - 8, y + 4, row["peer"] if "Java" not in title else f"{row['ours'][-3:]} / {row['peer']}", "grey", "end")
            if row["rounds"] > 1:
                drawing.line(at(row["low"]), y, at(row["high"]), y, "band off" if missed else "band")
            if row["limit"]:
                drawing.line(at(row["limit"]), y - 7, at(row["limit"]), y + 7, "limit")
            x = at(row["ratio"])
            if missed:
                drawing.add(f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" class="missed"/>')
            else:
                drawing.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="met"/>')
            drawing.text(width - 12, y + 4, number(row["ratio"]), "", "end")
        y += step * 0.5
    drawing.save(path)


def plot_growth(found: dict[str, dict[str, list[dict]]], path: Path) -> None:
    columns, wide, high, gap = 2, 450, 250, 20
    height = 44 + math.ceil(len(found) / columns) * (high + gap)
    drawing = Drawing(columns * wide + gap, height, "Cost against growth, on logarithmic scales; the dotted line is linear growth")
    drawing.text(16, 26, "Cost against growth, both scales logarithmic; dotted: linear", "head")
    for place, (curve, lines) in enumerate(found.items()):
        x0, y0 = gap + place % columns * wide, 44 + place // columns * (high + gap)
        left, right, top, bottom = x0 + 66, x0 + wide - 24, y0 + 52, y0 + high - 34
        points = [point for one in lines.values() for point in one]
        xs, ys = [point["x"] for point in points], [point["y"] for point in points]
        unit = points[0]["unit"].removesuffix(" each")

        def x_at(x: float) -> float:
            return left + math.log(x / min(xs)) / math.log(max(xs) / min(xs)) * (right - left)

        low, top_value = 10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys)))

        def y_at(y: float) -> float:
            return bottom - math.log(y / low) / math.log(top_value / low) * (bottom - top)

        drawing.text(x0 + 8, y0 + 14, curve, "head")
        for mark in range(round(math.log10(low)), round(math.log10(top_value)) + 1):
            drawing.line(left, y_at(10**mark), right, y_at(10**mark), "grid")
            drawing.text(left - 6, y_at(10**mark) + 4, amount(10**mark, unit).replace(".00 ", " ").replace(".0 ", " "), "grey", "end")
        some = sorted(set(xs))
        for x in some[:: math.ceil(len(some) / 6)]:
            drawing.text(x_at(x), bottom + 16, short(x, points[0]["of"]), "grey", "middle")
        drawing.text(right, bottom + 30, points[0]["of"], "grey", "end")
        end = min(max(xs), min(xs) * top_value / points[0]["y"])
        drawing.line(x_at(min(xs)), y_at(points[0]["y"]), x_at(end), y_at(points[0]["y"] * end / min(xs)), "guide")
        x = x0 + 8.0
        for kind, (what, one) in zip("ab", lines.items()):
            path_of = " ".join(f"{x_at(point['x']):.1f},{y_at(point['y']):.1f}" for point in one)
            drawing.add(f'<polyline points="{path_of}" class="{kind}"/>')
            for point in one:
                drawing.add(f'<circle cx="{x_at(point["x"]):.1f}" cy="{y_at(point["y"]):.1f}" r="3" class="{kind}-dot"/>')
            drawing.line(x, y0 + 28, x + 18, y0 + 28, kind)
            drawing.text(x + 23, y0 + 32, what, "grey")
            x += 40 + 6.2 * len(what)
    drawing.save(path)


# --- The page. ---


def machine(versions: dict[str, str]) -> list[str]:
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    models = [line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")]
    virtual = "hypervisor" in info
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=False).stdout.split()
    lines = [
        f"| processor | {models[0] if models else platform.machine()}, {len(models)} cores{', of a virtual machine' if virtual else ''} |",
        f"| kernel | {platform.system()} {platform.release()} |",
    ]
    if len(rust) > 1:
        versions = {"rustc": rust[1], **versions}
    lines += [f"| {name} | {text} |" for name, text in versions.items()]
    return lines


def main(directory: str, where: str, *subjects: str) -> None:
    lines: dict[str, list[dict]] = {}
    for subject in subjects:
        path = Path(directory, f"{subject}.jsonl")
        if path.exists():
            lines[subject] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines, f"nothing has run: {directory} is empty"
    every = [line for group in lines.values() for line in group]
    versions = {line["name"]: line["version"].split(" zlib")[0] for line in every if line["kind"] == "version"}
    parts = [line for line in every if line["kind"] == "part"]
    found = curves([line for line in every if line["kind"] == "point"])
    rows = {subject: [line for line in group if line["kind"] == "row"] for subject, group in lines.items()}
    limited = [(row, verdict(row)) for group in rows.values() for row in group if verdict(row)[0]]
    # A limit that is in several rows, once for each peer, is one.
    seen = {(row["work"], row["ours"], row.get("peer", "") if row["limit"] else "", row.get("pinning")): (row, met) for row, (_, met) in limited}
    missed = [row for row, met in seen.values() if met != "met"]

    commits = sorted({part["commit"] for part in parts})
    began, ended = (time.strftime("%Y-%m-%d %H:%M", time.gmtime(moment)) for moment in
                    (min(part["began"] for part in parts), max(part["began"] + part["seconds"] for part in parts)))  # fmt: skip
    page = [
        "# Results",
        "",
        "Each row sets ours beside a peer at the same work, and its ratio is what ours takes over what the peer takes, so less than 1 is better. "
        "A ratio is the median of the rounds' own ratios, and the middle half of them is in brackets: where that is wide, the machine was busy or "
        "undecided. A limit was set before the work was measured, and a row that misses it says so; what each row does is in [README.md](README.md).",
        "",
        "`make bench` writes this page; do not edit it.",
        "",
        f"From {began} to {ended} UTC, of commit {', '.join(commits)}. Load average at the end of each part: "
        f"{min(part['load'] for part in parts):g} to {max(part['load'] for part in parts):g}, where this run itself makes 2 to 5, since on each "
        "processor one thread spins in the idle class.",
    ]
    if any(part["quick"] == "yes" for part in parts):
        page += ["", "**Few rounds** (`QUICK=yes`): the figures are rough."]
    absent = [subject for subject in subjects if subject not in lines]
    if absent:
        page += ["", f"Not run this time, and so not shown: {', '.join(absent)}."]
    page += ["", "| | |", "|---|---|", *machine(versions), ""]
    page += [f"Limits: {len(seen)}, of which {len(seen) - len(missed)} are met" + (", and missed are:" if missed else "."), ""]
    for row in missed:
        limit, _ = verdict(row)
        value = number(row["ratio"]) if row["limit"] else amount(row["ours_value"], row["unit"])
        beside = f" beside {row['peer']}" if row.get("peer") and row["limit"] else ""
        pinned = f" ({row['pinning']})" if row.get("pinning") else ""
        page += [f"- {row['work']}, {row['ours']}{beside}{pinned}: {value}, limit {limit}"]
    if missed:
        page += [""]
    page += ["![The ratios as a plot](results.svg)", ""]
    plotted = []
    for title, names in GROUPS:
        group = [row for name in names.split() for row in rows.get(name, [])]
        if not group:
            continue
        page += [f"## {title}", "", "| work | ours | beside | ratio (middle half) | ours | beside | limit | | pinned to |"]
        page += ["|---|---|---|---|---|---|---|---|---|", *map(table_row, group), ""]
        shown = [row for row in group if "ratio" in row and not is_floor(row) and "processor time" not in row["work"]]
        if title not in ("A store", "What the server is asked"):
            plotted.append((title, shown))
    if found:
        page += [
            "## Cost against growth",
            "",
            f"The slope is of the upper half of a curve on logarithmic scales: 1 is linear, and up to {1 + TOLERANCE:g} counts as that. "
            "A control does the same to memory without us, or is libcurl.",
            "",
            "![Cost against growth as a plot](growth.svg)",
            "",
            "| of | what | from | to | slope | | pinned to |",
            "|---|---|---|---|---|---|---|",
            *growth_rows(found),
            "",
        ]
        plot_growth(found, Path(where, "growth.svg"))
    else:
        Path(where, "growth.svg").unlink(missing_ok=True)
    # Of another run: `make soak-hours` draws it.
    if Path(where, "soak.svg").exists():
        page += ["## The soak", "", "Not of this run, but of `make soak-hours`.", "", "![Its curves](soak.svg)", ""]
    plotted = [(title, group) for title, group in plotted if group]
    if plotted:
        plot_ratios(plotted, Path(where, "results.svg"))
    Path(where, "RESULTS.md").write_text("\n".join(page).rstrip() + "\n", encoding="utf-8")
    print(f"wrote {Path(where, 'RESULTS.md')}: {len(seen)} limits, {len(missed)} missed")


main(*sys.argv[1:])
