"""What node_exporter does not have: single processes by name, the limits of the container, and whose machine it is."""
