"""Who is told: the plan to Alertmanager's routes, receivers and inhibition, and the checks before it is believed.

- `tree`        the whole configuration: routes by severity, receivers
- `channels`    how one receiver speaks to one channel
- `inhibition`  which alert makes which other one superfluous
- `text`        the configuration as a commented YAML file
- `secrets`     whether the files with the secrets can be used
- `table`       the hand-written table of routes, tried with amtool
"""

from featurewatch.routes.text import render
from featurewatch.routes.tree import alertmanager_config

__all__ = ["alertmanager_config", "render"]
