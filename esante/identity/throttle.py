"""How often somebody may ask, and may be wrong, before they wait (SPEC R10, ID-13, ID-14). In memory only, and bounded.

Who is signed in counts by account, whoever is not by the address of the socket: headers such as `X-Forwarded-For` are never
read. Tries at a secret have tighter limits of their own, and are refused before anything is hashed. A device that the
account knows has a count to itself, so that nobody can use up its tries for it.
"""

import ipaddress
from datetime import datetime, timedelta
from functools import lru_cache

from esante.kernel.config import Limits
from esante.kernel.errors import TooMany

WINDOW = timedelta(minutes=15)
HOUR = timedelta(hours=1)
REMEMBERED = 20_000
"""At most so many keys in one bucket; beyond, the oldest are forgotten."""


class Bucket:
    """Counts each key's takings in a window that begins with the first."""

    def __init__(self, limit: int, *, window: timedelta = WINDOW, most: int = REMEMBERED) -> None:
        self._limit, self._window, self._most = limit, window, most
        self._counts: dict[str, tuple[int, datetime]] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def wait(self, key: str, now: datetime) -> int:
        """For how many seconds the key has to wait; 0 when it need not."""
        count, since = self._counts.get(key, (0, now))
        if count < self._limit or not since <= now < since + self._window:
            return 0
        return max(1, int((since + self._window - now).total_seconds()) + 1)

    def take(self, key: str, now: datetime) -> bool:
        """Count one; False, and nothing counted, when the key has to wait."""
        found = self._counts.get(key)
        if found is not None and found[1] <= now < found[1] + self._window:
            if found[0] >= self._limit:
                return False
            self._counts[key] = (found[0] + 1, found[1])
            return True
        if found is not None:
            del self._counts[key]  # so that the order stays that of the beginnings
        elif len(self._counts) >= self._most:
            self._make_room(now)
        self._counts[key] = (1, now)
        return True

    def give_back(self, key: str) -> None:
        """One of the takings was rightful and does not count."""
        count, since = self._counts.get(key, (0, None))
        if since is not None and count > 0:
            self._counts[key] = (count - 1, since)

    def _make_room(self, now: datetime) -> None:
        """Forget what has run out, and at least a tenth: the oldest."""
        keep = [(key, value) for key, value in self._counts.items() if now < value[1] + self._window]
        self._counts = dict(keep[max(0, len(keep) - self._most * 9 // 10) :])


class Try:
    """One try at a secret, counted as wrong until it is known to be right."""

    def __init__(self, taken: list[tuple[Bucket, str]]) -> None:
        self._taken = taken

    def forgive(self) -> None:
        """It was right, or was not decided: it does not count."""
        for bucket, key in self._taken:
            bucket.give_back(key)
        self._taken = []


class Throttle:
    """The clinic's buckets. Whatever is over a limit is `TooMany`, which says when to come again."""

    def __init__(self, limits: Limits) -> None:
        self._requests = Bucket(limits.requests_per_account)
        self._strangers = Bucket(limits.requests_per_address)
        self._tries = Bucket(limits.tries_per_account)
        self._tries_from = Bucket(limits.tries_per_address)
        self._forms = Bucket(limits.forms_per_address)
        self._uploads = Bucket(limits.uploads_per_account, window=HOUR)

    def request(self, account_id: str, now: datetime) -> None:
        """Somebody who is signed in asks for something."""
        _take(self._requests, account_id, now)

    def stranger(self, address: str | None, now: datetime) -> None:
        """Somebody who is not signed in asks for something."""
        _take(self._strangers, network_of(address), now)

    def form(self, address: str | None, now: datetime) -> None:
        """Somebody who is not signed in sends a form."""
        _take(self._forms, network_of(address), now)

    def upload(self, account_id: str, now: datetime) -> None:
        """Somebody who is signed in sends a file."""
        _take(self._uploads, account_id, now)

    def try_from(self, address: str | None, now: datetime) -> Try:
        """Somebody tries a link, a code or an address that names no account yet."""
        return self._take([(self._tries_from, network_of(address))], now)

    def try_at(self, subject: str, address: str | None, now: datetime) -> Try:
        """A stranger tries a secret of `subject`: an address as written, known here or not, so the answer tells nothing."""
        return self._take([(self._tries_from, network_of(address)), (self._tries, f"subject {subject}")], now)

    def try_on_device(self, subject: str, device_id: str, now: datetime) -> Try:
        """The same from a device (or a session) that the account knows: only its own failures count against it."""
        return self._take([(self._tries, f"device {subject} {device_id}")], now)

    def _take(self, wanted: list[tuple[Bucket, str]], now: datetime) -> Try:
        wait = max(bucket.wait(key, now) for bucket, key in wanted)
        if wait:
            raise _too_many(wait)
        for bucket, key in wanted:
            bucket.take(key, now)
        return Try(wanted)


@lru_cache(maxsize=4096)
def network_of(address: str | None) -> str:
    """What counts as one address: of IPv6 the first 64 bits, for a household has as many addresses as it likes."""
    if address is None or ":" not in address:
        return address or "nowhere"
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))


def _take(bucket: Bucket, key: str, now: datetime) -> None:
    if not bucket.take(key, now):
        raise _too_many(bucket.wait(key, now))


def _too_many(wait: int) -> TooMany:
    return TooMany("Too many tries or requests. Please wait and try again", code="RATE_LIMITED", retry_after=wait)
