"""The command line: what a clinic needs from the console, with or without the web. `exits` has the exit codes."""
