"""The real binaries: which are needed, where they are, how to get them, how to start them.

`toolbox.provide(folder)` is the way in: it finds Prometheus, promtool, Alertmanager, amtool and node_exporter on PATH
or in the project's own folder, and fetches what is missing from Debian, without root and without touching the machine.
"""
