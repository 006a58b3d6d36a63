from __future__ import annotations

import pytest

from disburse.policy import Policy, load_policy
from disburse.shipped import shipped


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy(shipped("policies", "dongfu-2025-2.yaml"))
