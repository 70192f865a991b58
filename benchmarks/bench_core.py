"""The core alone: runs `cargo bench --bench core`, which checks its own numbers, and reads the JSON that it prints."""

from __future__ import annotations

import json
import subprocess

from benchmarks.report import AT_LEAST, AT_MOST, ROOT, Row, Settings, Target

GROUP = "core"


def measure(settings: Settings) -> list[Row]:
    """W10k, the cost of more accounts and orders in multiples of it, and memory. It takes its time whatever `quick` says."""
    del settings
    done = subprocess.run(
        ["cargo", "bench", "--quiet", "--locked", "--no-default-features", "--bench", "core"],
        cwd=ROOT / "core",
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"cargo bench failed:\n{done.stderr[-2000:]}")
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    base = figures["w10k_commands_per_s"]

    def cost(name: str, words: str, bound: float) -> Row:
        speed = figures[f"{name}_commands_per_s"]
        note = f"{speed / 1e6:.1f} M/s"
        return Row(GROUP, words, base / speed, "x W10k's cost", Target(AT_MOST, bound), note, {"commands_per_s": speed})

    return [
        Row(GROUP, "W10k, ledger, fees and events, from Rust", base / 1e6, "M/s", Target(AT_LEAST, 15), "check values exact"),
        cost("linked", "W10k over a linked group of six markets", 2),
        cost("w100k", "W100k: 60,000 accounts", 3),
        cost("w1m", "1 M accounts and 1 M resting orders", 8),
        Row(GROUP, "memory per resting order at 1 M", figures["bytes_per_resting_order"], "bytes", Target(AT_MOST, 128)),
    ]
