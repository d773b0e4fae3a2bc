"""A retraining service: jobs in a queue that survives a kill, evaluated before anything is deployed.

`create_app(trainers, …)` serves it; `targets.retraining` is what the responder calls it with. It knows nothing of
models: each is a `Trainer` of yours, examples/retraining has one.
"""
