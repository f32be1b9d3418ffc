"""The markets that a stack can run on. Pure."""

from typing import Literal

Market = Literal["simulated", "live"]
