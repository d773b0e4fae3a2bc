"""An example extractor: technical features of daily market data, watched by featurewatch."""
