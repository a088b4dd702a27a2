"""Who may be the same person: looked for while somebody is entered, with a score and its reasons."""
