"""Draws what tests/process/soak/hours.rs tells, a line of JSON for each lap, as curves one above the other: plot.py LOG > SVG."""

import json
import sys

CURVES = [
    ("memory_kb", "memory, MB", 1024),
    ("files", "descriptors", 1),
    ("requests", "requests a minute", 1),
    ("retried", "of them tried again", 1),
    ("rejected", "bad sign-ins of the password's change (five lock a little later)", 1),
    ("resets", "times a person let it try again", 1),
    ("clock", "the machine's clock, hours off", 3600),
]
WIDTH, HEIGHT, LEFT, TOP = 720, 70, 60, 44

with open(sys.argv[1]) as file:
    laps = [json.loads(line) for line in file]
end = laps[-1]["seconds"]
total = sum(lap["requests"] for lap in laps)
print(
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {TOP + len(CURVES) * (HEIGHT + 34)}" '
    'font-family="sans-serif" font-size="12" role="img">'
)
print('<style>text { fill: #444 } @media (prefers-color-scheme: dark) { text { fill: #ccc } }</style>')
print(f'<text x="{LEFT}" y="18" font-size="14">A soak of {end / 3600:.1f} hours, 32 threads: {total:,} requests</text>')
for number, (key, name, unit) in enumerate(CURVES):
    values = [lap[key] / unit for lap in laps]
    low, high = min(0, *values), max(1, *values)
    top = TOP + number * (HEIGHT + 34)

    def y(value: float) -> float:
        return top + HEIGHT - (value - low) / (high - low) * HEIGHT

    points = " ".join(f"{LEFT + lap['seconds'] / end * WIDTH:.1f},{y(v):.1f}" for lap, v in zip(laps, values))
    print(f'<text x="{LEFT}" y="{top - 6}">{name}: {min(values):.4g} to {max(values):.4g}</text>')
    print(f'<text x="{LEFT - 6}" y="{top + 10}" text-anchor="end">{high:.4g}</text>')
    print(f'<text x="{LEFT - 6}" y="{top + HEIGHT}" text-anchor="end">{low:.4g}</text>')
    print(f'<path d="M{LEFT} {top}v{HEIGHT}h{WIDTH}" fill="none" stroke="#999"/>')
    print(f'<polyline points="{points}" fill="none" stroke="#1a7f8e" stroke-width="1.5"/>')
print("</svg>")
