"""What a doctor prescribes: numbered, of one or more lines.

Words: a prescription can be *edited* by its author within the edit window; then, or by hand before, it is *locked*: its content
stays as it is, its status (active, completed, cancelled, superseded) still moves. A correction after the lock *supersedes*.

Use cases: prescribe, correct, lock, complete, cancel, supersede, read, list, see what was changed.
"""
