"""A third shard joins a cluster while two nodes take events, as ``docs/cluster.md`` says: a host is
started, each host is told of it, it is given the tables, and the nodes start again in turn.

The new host is made like the cluster's first one, from the ``config.xml`` in its directory. Hosts
whose configuration changes are killed and started again, as not every one reads it anew; in the end
all are as they were."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from xml.etree import ElementTree

from tests.support.cluster import connected
from tests.support.cluster_database import empty_database
from tests.support.command import run
from tests.support.hosts import COMPLETE, HostProcess, wait_until
from tests.support.load import Load, drained

from drills.cluster_place import (
    CLIENTS,
    DRAIN_SECONDS,
    counted,
    name_hosts,
    two_nodes,
)
from drills.place import Place
from drills.tally import Tally
from whipstitch.core.projects import Scope
from whipstitch.identity.person_map import PersonMap
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.servers import Servers
from whipstitch.warehouse.sql import IN_SCOPE

_SHARD = "3"
_AT_LEAST = 50


def joined(place: Place) -> Tally:
    """All that was answered is there once, on all three shards, and people are whole though their
    rows are on two."""
    with ExitStack() as stack:
        hosts = stack.enter_context(empty_database())
        nodes = stack.enter_context(two_nodes(place, hosts))
        loads = [stack.enter_context(Load(node, *CLIENTS)) for node in nodes]
        for load in loads:
            load.wait_for(_AT_LEAST)
        wider = stack.enter_context(_third_shard(hosts))
        name_hosts(place.directory / "joining", wider)
        outcome = run("cluster", "join", data_dir=place.directory / "joining")
        assert outcome.code == 0, outcome.err
        for number, node in enumerate(nodes):
            loads[number].stop()
            node.wait_until(partial(drained, node), DRAIN_SECONDS)
            node.terminate()
            name_hosts(node.data_dir, wider)
            node.start(wait=False)
            node.wait_until(node.is_ready, DRAIN_SECONDS)
            # The other one deals rows out over two shards still.
            loads.append(stack.enter_context(Load(node, *CLIENTS)))
            loads[-1].wait_for(_AT_LEAST)
        for load in loads:
            load.stop()
        for node in nodes:
            node.wait_until(partial(drained, node), DRAIN_SECONDS)
        requests = list(chain.from_iterable(load.requests for load in loads))
        tally = counted(wider, requests, "a third shard")
        _check(wider, nodes[0].project_id, tally)
        return tally


def _check(hosts: Servers, project_id: str, tally: Tally) -> None:
    scope = Scope(project_id, "live")
    with closing(connected(hosts, {})) as client:
        layouts = client.query("SELECT shards FROM shard_layouts ORDER BY length(shards)")
        tally.expect(
            [len(row[0]) for row in layouts.result_rows] == [2, 3], "two layouts are not noted"
        )
        new = client.shard(_SHARD).query("SELECT count() FROM events_local").result_rows[0][0]
        tally.expect(new > 0, "the new shard was given nothing")
        tally.noted.append(f"{new:,} rows on the new shard")
        each = []
        for sharded in (False, True):
            persons = PersonMap(sharded=sharded).of(scope)
            people = persons.grouped(
                f"{persons.key} AS who, count() AS number", f"events WHERE {IN_SCOPE}", "who"
            )
            each.append(client.query(f"SELECT * FROM ({people}) ORDER BY ALL", scope._asdict()))
        whole, on_shards = (found.result_rows for found in each)
        tally.expect(whole == on_shards, "people are in parts")


@contextmanager
def _third_shard(hosts: Servers) -> Iterator[Servers]:
    """The hosts and the new one, all of which know each other."""
    processes = [HostProcess(address) for address in hosts.addresses]
    first = processes[0].directory
    there = first.with_name(f"{first.name}-new")
    shutil.rmtree(there, ignore_errors=True)
    there.mkdir()
    before = {one.directory: (one.directory / "config.xml").read_text() for one in processes}
    http, tcp = _free_port(), _free_port()
    known = partial(_with_shard, cluster=hosts.cluster, port=tcp)
    new = replace(hosts.addresses[0], port=http)
    shutil.copy(first / "users.xml", there)
    (there / "config.xml").write_text(_as_new(known(before[first]), http, tcp, there.name))
    process = subprocess.Popen(
        [part.replace(str(first), str(there)) for part in processes[0].command],
        cwd=there,
        env=processes[0].environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _answers(new))
        wait_until(lambda: not (first / COMPLETE).exists() or (there / COMPLETE).exists())
        for one in processes:
            (one.directory / "config.xml").write_text(known(before[one.directory]))
            one.kill()
            one.start()
        yield replace(hosts, addresses=(*hosts.addresses, new))
    finally:
        with (
            suppress(Exception),
            closing(new.connect({}, seconds=60, database="default")) as client,
        ):
            client.command(f"DROP DATABASE IF EXISTS {new.database} SYNC")
        process.kill()
        process.wait()
        for one in processes:
            (one.directory / "config.xml").write_text(before[one.directory])
            one.kill()
            one.start()
        shutil.rmtree(there, ignore_errors=True)


def _with_shard(config: str, cluster: str, port: int) -> str:
    """A host's configuration, in which the cluster has one more shard."""
    root = ElementTree.fromstring(config)  # noqa: S314 - our own
    known = _found(root, f"remote_servers/{cluster}")
    shard = ElementTree.SubElement(known, "shard")
    ElementTree.SubElement(shard, "internal_replication").text = "true"
    replica = ElementTree.SubElement(shard, "replica")
    ElementTree.SubElement(replica, "host").text = "127.0.0.1"
    ElementTree.SubElement(replica, "port").text = str(port)
    return ElementTree.tostring(root, encoding="unicode")


def _as_new(config: str, http: int, tcp: int, name: str) -> str:
    """A host's configuration as it is the new one's."""
    root = ElementTree.fromstring(config)  # noqa: S314 - our own
    values = {"http_port": http, "tcp_port": tcp, "macros/shard": _SHARD}
    for path, value in values.items():
        _found(root, path).text = str(value)
    if (sessions := root.find("zookeeper/sessions_path")) is not None:
        sessions.text = f"{sessions.text}-{name}"
    return ElementTree.tostring(root, encoding="unicode")


def _found(root: ElementTree.Element, path: str) -> ElementTree.Element:
    element = root.find(path)
    assert element is not None, f"config.xml has no {path}"
    return element


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: Address) -> bool:
    with suppress(Exception):
        address.connect({}, seconds=2, database="default").close()
        return True
    return False
