"""Everything a newcomer needs, in one process: database, demo data, web pages, background work."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import signal
import socket
import sys
import time
import warnings
from argparse import ArgumentParser
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import CommandError, call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from waitress.server import create_server

from config.core.models import BusinessUnit

STOP_SECONDS = 8.0
WEB_THREADS = 8
# Any number; all processes that prepare one database agree on it.
PREPARING = 7_226_001


class Command(BaseCommand):
    help = (
        "Serve Zhangqi at http://127.0.0.1:8000, after preparing its database. "
        "PORT and HOST choose another place; ZQ_NO_DEMO=1 leaves out the demo company; without "
        "REDIS_URL the background work is done in this process, too. Ctrl-C stops everything."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
        parser.add_argument("--port", default=os.environ.get("PORT") or "8000")

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _leave)
        listening = listen(options["host"], options["port"])
        background = None
        began = time.monotonic()
        try:
            self.prepare()
            background = None if settings.REDIS_URL else start_background()
            self.greet(listening, seconds=time.monotonic() - began)
            serve(listening)
        except KeyboardInterrupt:
            pass
        self.stop(background)

    def prepare(self) -> None:
        """Bring the database up to date and, on the first run, fill in the demo company."""
        with connection.cursor() as cursor:
            # A second `serve` waits here instead of migrating at the same time.
            cursor.execute("SELECT pg_advisory_lock(%s)", [PREPARING])
        try:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                self.say("Preparing the database …")
                call_command("migrate", verbosity=0, interactive=False)
            self.fill_in_demo()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [PREPARING])

    def fill_in_demo(self) -> None:
        if settings.PRODUCTION or os.environ.get("ZQ_NO_DEMO"):
            return
        if not BusinessUnit.objects.exists():
            self.say("Making up a demo company (once, less than a minute) …")
            call_command("demo", if_empty=True, verbosity=0)

    def greet(self, listening: socket.socket, *, seconds: float) -> None:
        self.say("")
        self.say(f"Zhangqi 账期 is ready ({seconds:.1f} s).")
        self.say("")
        self.say(f"    {url_of(listening)}", style=self.style.SUCCESS)
        self.say("")
        logins = demo_logins()
        for line in logins:
            self.say(f"    {line}")
        if logins and not is_private(listening):
            self.say(
                "Others can reach this address, and everybody knows these passwords.",
                self.style.WARNING,
            )
        self.say("")
        self.say("Ctrl-C stops it.")

    def stop(self, background: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            # Stopping takes seconds at most; a second signal (`make` and `timeout` send two) must
            # not leave PostgreSQL running.
            signal.signal(number, signal.SIG_IGN)
        self.say("\nStopping …")
        if background is not None and not background.stop(seconds=STOP_SECONDS):
            # A statement that runs long is rolled back by PostgreSQL when we are gone; its job
            # is taken up again at the next start.
            self.say("A job did not end in time; it goes on at the next start.")
            leave_now()
        connections.close_all()
        self.say("Stopped.")

    def say(self, line: str, style: Any = str) -> None:
        self.stdout.write(style(line))
        self.stdout.flush()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def listen(host: str, port: str) -> socket.socket:
    """Return a listening socket.

    :raises CommandError: if the port is no number, is taken, or may not be used
    """
    if not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise CommandError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), int(port)))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise CommandError(_why_not(error, host=host, port=int(port))) from None
    return listening


def _why_not(error: OSError, *, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        another = port + 1 if port < 65535 else 8000
        return (
            f"Port {port} is used by another program. Stop it, or choose another: PORT={another}."
        )
    if error.errno == errno.EACCES:
        return f"This account may not use port {port}. Choose one above 1023: PORT=8000."
    return f"Cannot listen at {host}:{port}: {error.strerror or error}."


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def is_private(listening: socket.socket) -> bool:
    """Return whether only this machine can connect."""
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def start_background() -> Any:
    """Start worker and beat in this process. Imported late: Celery's worker costs 0.3 s."""
    background = import_module("config.background").Background()
    background.start()
    return background


def serve(listening: socket.socket) -> None:
    """Answer requests until SIGTERM or Ctrl-C."""
    # Waitress warns whenever a request waits for a thread, which is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Without collectstatic there is no STATIC_ROOT; the files are found where they lie.
    warnings.filterwarnings("ignore", message="No directory at")
    application = import_module("config.wsgi").application
    server = create_server(application, sockets=[listening], threads=WEB_THREADS, ident="")
    try:
        server.run()
    finally:
        server.close()


def demo_logins() -> list[str]:
    """Return the lines that tell a newcomer how to sign in, if this is the demo company."""
    # By name, since core may not import the app that makes the demo up.
    return list(import_module(f"{get_commands()['demo']}.management.commands.demo").logins())


def leave_now() -> NoReturn:
    """End the process although a thread still works, but let go of the embedded database first."""
    import_module("config.database").embedded().release()
    sys.stdout.flush()
    os._exit(0)
