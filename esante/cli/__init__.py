"""The command line: what a clinic needs from the console, with or without the web.

Exit codes: 0 done; 1 refused or broken, with the reason on standard error; 2 wrong use of a command; 3 (only `backup create`) made
and proven, but not copied to every place.
"""
