"""Where schemas/ lies: inside an installed wheel, or beside the package in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """The path of a shipped file, e.g. `shipped("policies", "dongfu-2025-2.yaml")`."""
    installed = _PACKAGE / "_shipped" / "schemas"
    root = installed if installed.is_dir() else _PACKAGE.parent / "schemas"
    return root.joinpath(*parts)
