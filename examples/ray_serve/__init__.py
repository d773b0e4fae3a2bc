"""An example deployment: technical features of daily market data on Ray Serve, in batches, scaled by its objective."""
