"""The waiting list: who wants an earlier time, and what happens when one comes free.

An *entry* names a practitioner or a specialty, a kind of visit, a window of days, and how urgent it is. When time comes free
the first in line whom it fits is *offered* it: it is held for some hours, never past half of what remains until its start.
Accepting books it in the same transaction; declining, or no answer, asks the next.
"""
