"""The dashboards in a browser where no Grafana is installed: a small read-only server and the app that it serves.

The server (service) answers with dashboards (dashboards), runbooks (runbooks) and what Prometheus says (upstream,
queries), of which each answer is shared by all who ask for it at about the same time (sharing). The app in `bundle/` is
built from `dashboards/preview/`.
"""
