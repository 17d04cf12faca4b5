"""The PostgreSQL that the other tests lean on."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.available import require
from tests.postgres import Cluster, find_postgres


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    require("postgresql")
    with Cluster() as started:
        yield started


def connect(cluster: Cluster, database: str) -> psycopg.Connection:
    return psycopg.connect(cluster.url(database).replace("+psycopg", ""))


def test_a_database_is_copied_from_its_template(cluster: Cluster) -> None:
    cluster.create_database("template_of_tests")
    with connect(cluster, "template_of_tests") as connection:
        connection.execute("CREATE TABLE quote (id text)")
    cluster.create_database("copy_one", template="template_of_tests")
    with connect(cluster, "copy_one") as connection:
        assert connection.execute("SELECT count(*) FROM quote").fetchone() == (0,)


def test_a_database_goes_with_connections_still_open(cluster: Cluster) -> None:
    cluster.create_database("left_open")
    connection = connect(cluster, "left_open")
    cluster.drop_database("left_open")
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_text_is_utf8_and_sorted_by_code_point(cluster: Cluster) -> None:
    with connect(cluster, "postgres") as connection:
        encoding = connection.execute("SHOW server_encoding").fetchone()
        order = connection.execute("SELECT 'Z' < 'a', length('🌊')").fetchone()
    assert encoding == ("UTF8",)
    assert order == (True, 1)


def test_the_cluster_listens_on_loopback_alone(cluster: Cluster) -> None:
    with connect(cluster, "postgres") as connection:
        row = connection.execute(
            "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')"
        ).fetchone()
    assert row == ("127.0.0.1", "")


def test_nothing_is_left_behind() -> None:
    require("postgresql")
    with Cluster() as cluster:
        folder = cluster._folder
        assert folder is not None
        assert folder.is_dir()
    with pytest.raises(psycopg.OperationalError):
        connect(cluster, "postgres")
    assert not folder.exists()


def test_debian_keeps_its_programs_off_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    require("postgresql")
    monkeypatch.setenv("PATH", "/nowhere")
    found = find_postgres()
    assert found is None or (found / "postgres").exists()
