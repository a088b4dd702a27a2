"""What was found and said at a visit.

Words: a *draft* is its author's alone; *completing* it shows it to the patient and starts the edit window; when the window
ends the content is *sealed* and only *addenda* are added. Nothing is removed: a mistake is *entered in error*.

Use cases: open a draft when a visit starts, write, correct, complete, add, mark as error, read, list, the patient's timeline.
"""
