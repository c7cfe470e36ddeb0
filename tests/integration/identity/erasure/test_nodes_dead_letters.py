"""An erasure with two nodes: it is done when neither has the person among its dead letters."""

import time
from functools import partial
from pathlib import Path

from tests.support.command import registry_of
from tests.support.segments import event
from tests.support.stitching import LIVE, Node, accepted, until

from whipstitch.identity.erasure.worker import ErasureWorker
from whipstitch.journal.dead_letter import DeadLetter
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.registry.acceptance import Acceptance


def test_a_node_that_does_not_lead_erases_among_its_own(node: Node, tmp_path: Path) -> None:
    node.load(event(1, distinct_id="gone"), event(2, distinct_id="stays"))
    with registry_of(tmp_path) as registry:
        workers, letters = {}, {}
        for name in ("leader", "other"):
            acceptance = Acceptance(name, registry)
            acceptance.join()
            acceptance.reached(accepted(100), acceptance.look())
            letters[name] = DeadLetters(tmp_path / name)
            letters[name].add(
                "1-a",
                [
                    DeadLetter(event(3, distinct_id="gone"), "refused"),
                    DeadLetter(event(4, distinct_id="stays"), "refused"),
                ],
            )
            workers[name] = ErasureWorker(
                node.store,
                node.linker,
                node.record,
                partial(int, name == "leader"),
                acceptance,
                letters[name],
                alone=False,
            )
        try:
            asked = workers["leader"].erase(LIVE, "gone", accepted(50)).result()
            assert asked is not None
            workers["leader"].start()
            until(lambda: letters["leader"].count() == 1)
            time.sleep(0.5)
            state = "SELECT state FROM erasures FINAL"
            assert node.store.query(state) == [("running",)]
            assert letters["other"].count() == 2

            workers["other"].start()
            until(lambda: letters["other"].count() == 1)
            until(lambda: node.store.query(state) == [("done",)])
        finally:
            for worker in workers.values():
                worker.stop(10)
    assert workers["leader"].problem is None
