"""Files on a real web server and a real server that speaks S3: fetched whole, read, and gone."""

import functools
import gc
import gzip
import http.server
import importlib
import socket
import sys
import tempfile
import threading
import warnings

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from foretell.core.errors import ConfigError, MissingExtraError, SourceError
from foretell.sources import read_events, recognise
from foretell.sources.remote import is_remote

EVENTS = "user_id,time,action,item_id\n1,2020-01-01,view,9\n2,2020-01-02,cart,8\n"
SECRET = "moto-secret"


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """A web server over a folder; gives its address and the folder."""
    pytest.importorskip("aiohttp", reason="needs the extra 'remote'")
    folder = tmp_path_factory.mktemp("web")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            if self.path.startswith("/cut"):  # promises more than it sends
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(EVENTS.encode())
                self.close_connection = True
            elif self.path.startswith("/forbidden"):
                self.send_error(403)
            else:
                super().do_GET()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def bucket():
    """A bucket of a server that speaks S3; gives the settings of the store and a way to put files."""
    pytest.importorskip("s3fs", reason="needs the extra 'remote'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the server is not ours
        server_module = pytest.importorskip("moto.server", reason="needs the package moto[server]")
        server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
    host, port = server.get_host_and_port()
    storage = {"endpoint_url": f"http://{host}:{port}", "key": "moto-key", "secret": SECRET}
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=storage["endpoint_url"],
        aws_access_key_id="moto-key",
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="shop")

    def put(key, content):
        client.put_object(Bucket="shop", Key=key, Body=content.encode() if isinstance(content, str) else content)

    yield storage, put
    client.close()
    server.stop()


@pytest.fixture
def no_traces(tmp_path, monkeypatch):
    """Fails if a temporary folder is left behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    gc.collect()
    assert not list(tmp_path.glob("foretell-*"))


def as_parquet():
    frame = pl.DataFrame({"user_id": [1], "time": [1_577_836_800], "action": ["view"], "item_id": ["9"]})
    with tempfile.TemporaryFile() as stream:
        frame.write_parquet(stream)
        stream.seek(0)
        return stream.read()


@pytest.mark.usefixtures("no_traces")
def test_files_of_a_web_server(web):
    address, folder = web
    (folder / "events.csv.gz").write_bytes(gzip.compress(EVENTS.encode()))
    (folder / "my events.parquet").write_bytes(as_parquet())
    assert len(read_events(f"{address}/events.csv.gz")) == 2
    assert len(read_events(f"{address}/events.csv.gz?download=1")) == 2
    assert len(read_events(f"{address}/my%20events.parquet")) == 1
    assert recognise(f"{address}/events.csv.gz").dialect == "canonical"


@pytest.mark.usefixtures("no_traces")
def test_patterns_on_a_web_server_that_lists(web):
    address, folder = web
    (folder / "parts").mkdir()
    for number in range(3):
        (folder / "parts" / f"part-{number}.csv").write_text(EVENTS)
    (folder / "parts" / "notes.md").write_text("hello")
    assert len(read_events(f"{address}/parts/part-*.csv")) == 6


def test_side_tables_from_elsewhere(web, golden):
    address, folder = web
    (folder / "items.csv").write_text("item_id,category\nA1,TEA\n")
    log = read_events(golden, side_tables={"items": f"{address}/items.csv"})
    assert log.table("items").rows() == [("A1", "TEA")]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing.csv", "nothing at this address"),
        ("cut.csv", "cannot be reached"),
        ("forbidden.csv", "reached|refuses"),
    ],
)
@pytest.mark.usefixtures("no_traces")
def test_what_a_web_server_does_not_give(web, path, words):
    with pytest.raises(SourceError, match=words) as caught:
        read_events(f"{web[0]}/{path}?token={SECRET}")
    assert SECRET not in str(caught.value)
    assert path in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "s3"])
def test_nobody_at_home(scheme):
    pytest.importorskip("s3fs", reason="needs the extra 'remote'")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
        storage = {"endpoint_url": f"http://127.0.0.1:{port}", "key": "a", "secret": SECRET}
        storage["config_kwargs"] = {"retries": {"max_attempts": 0}}
        url = f"http://someone:{SECRET}@127.0.0.1:{port}/events.csv" if scheme == "http" else "s3://shop/events.csv"
        with pytest.raises(SourceError, match="cannot be reached") as caught:
            read_events(url, **({"storage": storage} if scheme == "s3" else {}))
    assert SECRET not in str(caught.value)


@pytest.mark.usefixtures("no_traces")
def test_objects_folders_and_patterns_of_a_bucket(bucket):
    storage, put = bucket
    put("log/events.csv", EVENTS)
    put("log/items.jsonl", '{"item_id": 9, "category": "TEA"}\n')
    put("log/_SUCCESS", "")
    for day in ("2026-01-01", "2026-01-02"):
        put(f"days/{day}/part-0.csv.gz", gzip.compress(EVENTS.encode()))
    single = read_events("s3://shop/log/events.csv", storage=storage)
    whole = read_events("s3://shop/log", storage=storage)
    assert_frame_equal(single.events, whole.events)
    assert whole.table("items").rows() == [("9", "TEA")]
    assert len(read_events("s3://shop/days/2026-*/part-*.csv.gz", storage=storage)) == 4
    assert len(read_events("s3://shop/days/", storage=storage)) == 4
    items = {"items": "s3://shop/log/items.jsonl"}
    beside = read_events("s3://shop/log/events.csv", storage=storage, side_tables=items)
    assert beside.table("items").height == 1


def test_new_objects_are_seen_when_read_again(bucket):
    storage, put = bucket
    put("grows/a.csv", EVENTS)
    assert len(read_events("s3://shop/grows", storage=storage)) == 2
    put("grows/b.csv", EVENTS)
    assert len(read_events("s3://shop/grows/", storage=storage)) == 4


@pytest.mark.usefixtures("no_traces")
@pytest.mark.parametrize("path", ["shop/missing.csv", "shop/missing/part-*.csv", "no-such-bucket/events.csv"])
def test_missing_objects(bucket, path):
    with pytest.raises(SourceError, match="nothing at this address") as caught:
        read_events(f"s3://{path}", storage=bucket[0])
    assert SECRET not in str(caught.value)


@pytest.mark.usefixtures("no_traces")
def test_damaged_objects_are_named_by_their_address(bucket):
    storage, put = bucket
    put("bad/cut.csv.gz", gzip.compress(EVENTS.encode() * 100)[:-9])
    put("bad/parts/0.csv", EVENTS)
    put("bad/parts/1.csv", "colour\nred\n")
    with pytest.raises(SourceError, match=r"s3://shop/bad/cut\.csv\.gz"):
        read_events("s3://shop/bad/cut.csv.gz", storage=storage)
    with pytest.raises(Exception, match=r"s3://shop/bad/parts/1\.csv lacks user_id"):
        read_events("s3://shop/bad/parts", storage=storage)


def test_settings_of_a_store(bucket, monkeypatch, golden):
    storage, put = bucket
    put("log/events.csv", EVENTS)
    hidden = {**storage, "secret": "${SHOP_SECRET}"}
    with pytest.raises(ConfigError, match="SHOP_SECRET"):
        read_events("s3://shop/log/events.csv", storage=hidden)
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    assert len(read_events("s3://shop/log/events.csv", storage=hidden)) == 2
    with pytest.raises(ConfigError, match="storage has no effect on a table in memory"):
        read_events(golden, storage=storage)
    with pytest.raises(ConfigError, match="table has no effect on a remote path"):
        read_events("s3://shop/log/events.csv", storage=storage, table="events")


@pytest.mark.parametrize("url", ["gs://shop/events.csv", "az://shop/events.csv"])
def test_stores_whose_library_is_missing(url, monkeypatch):
    for package in ("gcsfs", "adlfs"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SourceError, match="need the package") as caught:
        read_events(url)
    assert "pip install" in caught.value.remedy


def test_a_missing_library_names_the_extra(monkeypatch):
    importlib.import_module("fsspec.registry")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)
    with pytest.raises(MissingExtraError, match=r"foretell\[remote\]"):
        read_events("s3://shop/events.csv")


def test_unknown_addresses():
    assert not is_remote("ftp://shop/events.csv")
    with pytest.raises(SourceError, match="kind of address") as caught:
        read_events("oracle://scott:tiger@db/shop")
    assert "tiger" not in str(caught.value)
