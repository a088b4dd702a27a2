"""Appointments for other calendars (RFC 5545): one visit as a file, a practitioner's agenda as a feed.

The UID of a visit never changes and its SEQUENCE rises with every change, so that a calendar moves or strikes out what it
has instead of adding to it. Instants are in UTC: they are right in every zone and on the days when clocks change. A feed is
read by whoever has its link, so it holds times, kinds of visit and rooms, and of patients the initials only.
"""
