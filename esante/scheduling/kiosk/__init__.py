"""The screen in the waiting room (SPEC SC-34): register, book, check in, see one's coming visits, call one off. Off unless the
clinic wants it.

Somebody is known by mobile number, birth date and a code of six digits: it is sent to them, or the desk reads it to them from
its own screen. Whether the first two fit anybody the kiosk never tells. What was opened closes by itself after some minutes.
Who is new gives a name too; the desk sees who waits, looks at the identity card and reads the code: then there is a record.
"""
