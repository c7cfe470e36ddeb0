"""``scripts/fuzz TARGET [--minutes N]``: inputs made up by a fuzzer that sees which code they reach
(Atheris). Each target says what must hold for every input; an input that breaks it is kept as a
file, and becomes a test.

Inputs that reached something new are kept in ``.fuzz/TARGET``, where the next run begins."""

import argparse
import sys
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["whipstitch"]):
    from fuzzing import bodies, segments, times

_TARGETS: Final = {
    "times": (times.times, times.SEEDS),
    "bodies": (bodies.bodies, bodies.SEEDS),
    "recovery": (segments.recovery, segments.SEEDS),
    "segments": (segments.segments, segments.SEEDS),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("target", choices=_TARGETS)
    parser.add_argument("--minutes", type=float, default=60)
    asked = parser.parse_args()
    target, seeds = _TARGETS[asked.target]
    sys.set_int_max_str_digits(0)
    corpus = Path(".fuzz", asked.target)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [f"-max_total_time={int(asked.minutes * 60)}", f"-artifact_prefix={corpus}-"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
