"""Rule files read with care: what promtool accepts and what is a mistake all the same. Offline, or against a server."""
