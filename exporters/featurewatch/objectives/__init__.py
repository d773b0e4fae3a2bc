"""objectives.yaml: what extraction must achieve, read once and refused as a whole."""

from featurewatch.objectives.load import load
from featurewatch.objectives.model import Objectives, Severity

__all__ = ["Objectives", "Severity", "load"]
