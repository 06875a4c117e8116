"""Connections to checked addresses only, and the sentence for what goes wrong on the way."""

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from images.guard import Address, RefusedAddressError, refusal
from images.outcomes import Trouble
from images.resolver import look_up
from images.results import Problem
from images.settings import Settings
from images.targets import Web
from images.watchdog import Deadline


class LeftBehindError(Exception):
    """The thread waited for a name server beyond its deadline; its attempt went on without it."""


@dataclass(slots=True)
class Attempt:
    """One attempt under way: its limits, and what its connection learns that exceptions would lose.

    `private` gets the addresses talked to that are not public. `leave` is told, from another thread, the failure of
    an attempt whose thread will raise `LeftBehindError`.
    """

    settings: Settings
    deadline: Deadline
    ends: float
    private: set[str]
    leave: Callable[[Trouble], None]
    left_behind: bool = False
    trouble: Trouble | None = None
    lifeline: socket.socket | None = None
    orphaned: list[socket.socket] = field(default_factory=list)

    def left(self) -> float:
        """Return the seconds until the deadline, a little more than none at least."""
        return max(0.01, self.ends - time.monotonic())

    def hold(self, lifeline: socket.socket) -> None:
        """Let the deadline shut this socket down from now on."""
        self.lifeline = lifeline

        def cut() -> None:
            with contextlib.suppress(OSError):  # the other end was faster
                lifeline.shutdown(socket.SHUT_RDWR)

        self.deadline.on_passing(cut)

    def release(self) -> None:
        """Let the deadline shut down no socket any more: somebody else may use it now."""
        self.lifeline = None
        self.deadline.on_passing(None)

    def finish(self) -> None:
        """End the deadline and let go of what outlived its connection."""
        self.deadline.finish()
        for lifeline in self.orphaned:
            lifeline.close()

    def timed_out(self) -> Trouble:
        """Return the failure of an attempt that took too long."""
        return Trouble(Problem("timed_out", "The server did not answer in time."), temporary=True, silent=True)

    def check_name(self, web: Web) -> None:
        """Refuse, before a proxy is asked for it, what can be seen from here to be no public address."""
        try:
            records = self._look_up(web.host)
        except (OSError, UnicodeError):
            records = []  # only the proxy knows the name
        self._refuse(refusal(records or _PUBLIC, web.port, self.settings.allow_private))

    def addresses(self, host: str, port: int, *, guarded: bool) -> list[Address]:
        """Return the addresses of a host when all of them may be talked to."""
        if guarded and not self.settings.allow_private:
            self._refuse(refusal(_PUBLIC, port, ()))  # the port alone decides; nobody need be asked for the name
        try:
            records = self._look_up(host)
        except (OSError, UnicodeError) as error:
            again = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
            reason = "The name of the host could not be looked up." if again else "The name of the host does not exist."
            self.trouble = Trouble(Problem("dns_failed", reason), temporary=again, silent=True)
            raise OSError(reason) from error
        if guarded:
            self._refuse(refusal(records, port, self.settings.allow_private))
        return list(records)

    def _look_up(self, host: str) -> Sequence[Address]:
        """Ask for the addresses of a host; nothing can end that, so at the deadline the thread is left behind."""

        def leave() -> None:
            self.left_behind = True
            self.leave(self.timed_out())

        self.deadline.on_passing(leave)
        try:
            return look_up(self.settings.resolve, host)
        finally:
            self.deadline.on_passing(None)
            if self.left_behind:
                raise LeftBehindError

    def _refuse(self, reason: str | None) -> None:
        if reason:
            self.trouble = Trouble(Problem("refused_address", reason))
            raise RefusedAddressError(reason)


_PUBLIC: tuple[Address, ...] = (ip_address("1.1.1.1"),)


def dial(attempt: Attempt, host: str, port: int, *, guarded: bool) -> tuple[socket.socket, Address]:
    """Connect to a host at one of its checked addresses; return the very one that was checked, too."""
    failure: OSError = OSError(f"{host} has no address")
    for address in attempt.addresses(host, port, guarded=guarded):
        try:
            return _connect(attempt, address, port), address
        except OSError as error:
            failure = error
            if attempt.deadline.passed:
                break
    raise failure


def _connect(attempt: Attempt, address: Address, port: int) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with _closed_on_error(socket.socket(family, socket.SOCK_STREAM)) as sock:
        sock.settimeout(min(attempt.settings.connect_timeout, attempt.left()))
        sock.connect((str(address), port))
        if ip_address(sock.getpeername()[0].partition("%")[0]) != address:
            raise RefusedAddressError("the system connected to another address")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(attempt.settings.connect_timeout)  # for the TLS handshake; urllib3 sets its own for reads
    return sock


@contextlib.contextmanager
def _closed_on_error(sock: socket.socket) -> Iterator[socket.socket]:
    try:
        yield sock
    except BaseException:
        sock.close()
        raise


def sentence_for(error: Exception, attempt: Attempt) -> Trouble:  # noqa: PLR0911  (a table of causes)
    """Return the failure for an exception of the network, by what the connection saw and what caused it."""
    if attempt.trouble is not None:
        return attempt.trouble
    if attempt.deadline.passed:
        return attempt.timed_out()
    causes = list(_causes(error))
    if failed := next((c for c in causes if isinstance(c, ssl.SSLCertVerificationError)), None):
        reason = f"The certificate of the server is not valid ({failed.verify_message.rstrip('.')})."
        return Trouble(Problem("tls_failed", reason), silent=True)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return attempt.timed_out()
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Trouble(Problem("tls_failed", "The server did not agree to a secure connection."), True, silent=True)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return _unconnected("The server refused the connection.")
    if any(isinstance(cause, ConnectionError | http.client.IncompleteRead) for cause in causes):
        return _unconnected("The server broke off the connection.")
    if any(isinstance(cause, http.client.HTTPException) for cause in causes):
        return Trouble(Problem("http_error", "The server's answer is not proper HTTP."), True, silent=True)
    return _unconnected("No connection to the server could be made.")


def _unconnected(reason: str) -> Trouble:
    return Trouble(Problem("connect_failed", reason), temporary=True, silent=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all it came from; urllib3 and requests also carry causes among their arguments."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__, *one.args, getattr(one, "reason", None)]
