"""A retraining service: jobs in a queue that survives a kill, evaluated before anything is deployed.

`create_app(trainers, open_database(url), token, limits)` serves it; `targets.retraining` is what the responder calls it
with. It knows nothing of models: each is a `Trainer` of yours, examples/retraining has one.
"""

from featurewatch.responder.database import Database, open_database
from featurewatch.responder.repair.retraining.job import Cancelled, Limits, Trainer
from featurewatch.responder.repair.retraining.service import create_app

__all__ = ["Cancelled", "Database", "Limits", "Trainer", "create_app", "open_database"]
