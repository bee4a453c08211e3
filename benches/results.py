"""What report.py reads, as the benches in Python say it: a line of JSON in the file that BENCH_RESULTS names, and the same for people."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from statistics import quantiles


def quarters(values: Sequence[float]) -> tuple[float, float, float]:
    """A quarter of the values are below the first, half below the second, three quarters below the third."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, method="inclusive")
    return low, middle, high


def record(kind: str, **fields: object) -> None:
    path = os.environ.get("BENCH_RESULTS")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            print(json.dumps({"kind": kind, **fields}), file=file)


def version(name: str, text: str) -> None:
    record("version", name=name, version=text)


def row(
    work: str,
    ours: str,
    our_values: Sequence[float],
    unit: str,
    peer: str = "",
    peer_values: Sequence[float] = (),
    limit: float = 0,
    most: float = 0,
    note: str = "",
) -> None:
    """One row of the table. The values are those of each round. `limit` is of the ratio, `most` of our value; 0 for none."""
    fields: dict[str, object] = {"work": work, "ours": ours, "unit": unit, "limit": limit, "most": most, "note": note}
    fields |= {"pinning": os.environ.get("BENCH_PINNING", ""), "rounds": len(our_values)}
    low, middle, high = quarters(our_values)
    fields["ours_value"] = middle
    text = f"{work:<40} {peer:<36} "
    if peer_values:
        ratios = quarters([a / b for a, b in zip(our_values, peer_values, strict=True)])
        fields |= dict(zip(("low", "ratio", "high"), ratios, strict=True))
        fields |= {"peer": peer, "peer_value": quarters(peer_values)[1]}
        text += f"{ratios[1]:6.3f} ({ratios[0]:.3f} to {ratios[2]:.3f})"
        if limit:
            text += f", at most {limit:.2f}: {'yes' if ratios[1] <= limit else 'NO'}"
        text += f"; {middle:.4g} beside {fields['peer_value']:.4g} {unit}"
    else:
        fields |= {"low": low, "high": high}
        text += f"{middle:.4g} {unit} ({low:.4g} to {high:.4g})"
    if most:
        text += f", at most {most:g} {unit}: {'yes' if middle <= most else 'NO'}"
    print(text, flush=True)
    record("row", **fields)
