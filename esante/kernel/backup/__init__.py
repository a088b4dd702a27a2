"""Backups: sealed archives of the whole clinic, each proven by restoring it.

Words: a *shelf* is where archives lie (a folder, a bucket); an *archive* is one age file that holds a tar of manifest, keyring and
database; *content* is a sealed vault file, kept once under its SHA-256; a *proof* says that an archive was restored and
checked.

`archive` seals and opens, `snapshot` copies the living clinic, `check` holds a copy against its manifest, `drill` proves it,
`restore` makes a clinic of it, `mirror` copies it to other places, `retention` says what may go; `shelf` and `bucket` are the
places. A process of its own runs this, never the server's.
"""
