"""The words that objectives.yaml is written in: names, texts, quantities, each refused where it is malformed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from featurewatch.objectives import units


def named_quantile(value: float) -> float:
    """Quantiles become parts of names (p95, p99_9), where more decimals would collide."""
    if not 0 < value < 1 or round(value, 5) != value:
        raise ValueError("a quantile lies between 0 and 1 and has at most five decimals, such as 0.95")
    return value


def _real_port(value: str) -> str:
    if not 0 < int(value.rpartition(":")[2]) < 65536:
        raise ValueError("a port lies between 1 and 65535")
    return value


Seconds = Annotated[float, BeforeValidator(units.span)]
Edge = Annotated[float, BeforeValidator(units.seconds)]
Ratio = Annotated[float, BeforeValidator(units.ratio)]
Rate = Annotated[float, BeforeValidator(units.rate)]
Bound = Annotated[float, BeforeValidator(units.bound)]
SeverityName = Literal["low", "medium", "high", "critical"]

KEBAB = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
PASCAL = r"^[A-Z][A-Za-z0-9]*$"
WORD = r"^[a-z][a-z0-9_]*$"
TEXT = r"^[^\s\p{Cc}{}][^\p{Cc}\p{Zl}\p{Zp}{}]*$"
URL = r"^https?://[^\s\p{Cc}\"'<>{}]+$"
TARGET = r"^(https?|rediss?)://[^\s\p{Cc}\"'<>{}@?#]+$"
ADDRESS = r"^[^\s\p{Cc}@<>,;:\"{}]+@[A-Za-z0-9.-]+$"
HOST_PORT = r"^([A-Za-z0-9_.-]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$"
PATH = r"^[^\s\p{Cc}{}]+$"
METRIC = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
LABEL = r"^[a-zA-Z][a-zA-Z0-9_]*$"
LABEL_VALUE = r"^[A-Za-z0-9_.:/-]+$"
CHANNEL = r"^[#@]?[^\s\p{Cc}#@{}]+$"

PATTERNS = {
    KEBAB: "write lower-case words joined by hyphens, such as market-features",
    PASCAL: "write words joined by capitals, such as ExtractionTooSlow",
    WORD: "write one lower-case word, such as latency",
    TEXT: "write one line of text without braces",
    URL: "write an address such as https://example.org/path",
    TARGET: "write an address such as http://ray:8265 or redis://cache:6379, without user or password",
    ADDRESS: "write one mail address, such as oncall@example.org",
    HOST_PORT: "write a host and a port, such as smtp.example.org:587",
    PATH: "write the path of a file, without blanks or braces",
    METRIC: "write the name of a metric, such as process_open_fds",
    LABEL: "write the name of a label, such as instance",
    LABEL_VALUE: "write the value of a label in letters, digits and any of _.:/-",
    CHANNEL: "write a channel such as #alerts",
}
"""What to say instead of a pattern. Braces are refused throughout: they would be read as a template."""

KebabName = Annotated[str, StringConstraints(pattern=KEBAB, max_length=60)]
PascalName = Annotated[str, StringConstraints(pattern=PASCAL, max_length=60)]
Word = Annotated[str, StringConstraints(pattern=WORD, max_length=40)]
Text = Annotated[str, StringConstraints(pattern=TEXT, max_length=300)]
Url = Annotated[str, StringConstraints(pattern=URL, max_length=500)]
TargetUrl = Annotated[str, StringConstraints(pattern=TARGET, max_length=500)]
Address = Annotated[str, StringConstraints(pattern=ADDRESS, max_length=254)]
HostPort = Annotated[str, StringConstraints(pattern=HOST_PORT, max_length=300), AfterValidator(_real_port)]
MetricName = Annotated[str, StringConstraints(pattern=METRIC, max_length=120)]
LabelName = Annotated[str, StringConstraints(pattern=LABEL, max_length=60)]
LabelValue = Annotated[str, StringConstraints(pattern=LABEL_VALUE, max_length=120)]
SecretPath = Annotated[str, StringConstraints(pattern=PATH, max_length=500)]


class Strict(BaseModel):
    """No key that is not listed, no value of another type than written."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
