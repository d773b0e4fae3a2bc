"""Who is told: people, roles, and rotations in which a role goes round.

- `model`      people and roles as values
- `on_call`    who has a rotation at a time, and its shifts
- `calendar`   stretches of time as Alertmanager's time intervals
"""
