"""A policy as data: schemas/policies/*.yaml, loaded strictly into a frozen model."""

from disburse.policy.load import load_policy
from disburse.policy.model import Limit, Measure, Policy

__all__ = ["Limit", "Measure", "Policy", "load_policy"]
