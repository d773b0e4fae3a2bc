"""The stack without Docker: the same configuration, run as ordinary processes under `supervisor`.

`up.up(stack)`, `down.down(run_dir)`, `status.status(run_dir)` and `logs.logs(run_dir, part)` are the way in; `parts`
says what our own stack consists of.
"""
