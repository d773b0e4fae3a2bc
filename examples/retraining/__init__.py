"""A model of market volatility that is retrained behind a hook."""
