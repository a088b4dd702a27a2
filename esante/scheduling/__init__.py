"""Appointments: what can be booked, when practitioners are there, what is booked, and how a visit goes through its day.

Words: an *appointment type* has a name, a price and a length. *Availability* is a weekly template with exceptions for single
days; *slots* are computed from it and never kept. *Occupancy* is the time that a live appointment takes of a practitioner, a
patient and a room, with the *buffer* after it. A *hold* is time kept for what is not sure yet: a request, a wish to move, an
offer from the waiting list; from `holdUntil` on it is over, whether the job that says so has run or not.

Main use cases: `find_slots`, `request_appointment`, then `confirm_appointment`, `check_in_patient`, `start_visit`,
`complete_appointment`; `cancel_appointment`, `move_appointment`. The state machine is one table: `states.TRANSITIONS`.

Files: `service` the verbs, `visits` their parts, `agenda` the lists and the board, `availability` and `finder` the free times,
`occupancy` takes time, `holds` gives it back. Small rooms inside: reschedules, waitlist, series, reminders, calendars, kiosk,
statistics, moving.
"""
