"""What the command line can do, one module each: `run(project, …) -> exit status`. They read, call and print."""
