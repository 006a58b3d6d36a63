"""The first sample played as its README says: three months booked, their folders and their store."""

from __future__ import annotations

import sys
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "samples"
sys.path.insert(0, str(SAMPLES))

import build  # noqa: E402

SAMPLE = "01-three-months"
MONTHS = ("2025-05", "2025-06", "2025-07")


def play(folder: Path, sample: str = SAMPLE) -> Path:
    """An office's folder after every command of the sample."""
    assert build.replay(SAMPLES / sample, folder).wrong == []
    return folder
