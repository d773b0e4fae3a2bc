"""What the demonstration needs beside the real stack: a place where messages arrive, and a story to watch."""
