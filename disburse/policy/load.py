"""A policy file into a Policy, or every fault in it with file, line and what is allowed."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from disburse.policy.model import Policy
from disburse.shipped import shipped
from disburse.yamlfile import load_yaml

if TYPE_CHECKING:
    from pathlib import Path


def load_policy(path: Path | None = None) -> Policy:
    """The policy at `path`, or the shipped 东府〔2025〕2号. Raises SchemaInvalid."""
    path = path or shipped("policies", "dongfu-2025-2.yaml")
    policy = load_yaml(path, Policy)
    return policy.of_file(sha256(path.read_bytes()).hexdigest())
