"""Real systems that actions act on. Each module is one kind of them."""
