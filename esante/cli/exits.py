"""The exit codes, in one place: `docs/CLI.md` and `esante --help` are made of them."""

DONE = 0
REFUSED = 1
MISUSED = 2
NOT_COPIED = 3
UNEXPECTED = 70
INTERRUPTED = 130

MEANINGS = {
    DONE: "Done.",
    REFUSED: "Refused, or found broken: one line on standard error says why and what to do. Nothing was half done.",
    MISUSED: "The command was not understood: an unknown option, a missing argument.",
    NOT_COPIED: "`backup create` only: made and proven, but not copied to every place.",
    UNEXPECTED: "A fault of esante itself: one line says in which file the details are.",
    INTERRUPTED: "Broken off with Ctrl-C. Whatever was begun is taken up or thrown away by the next try.",
}
