"""The benchmark: `make bench`, or a part of it.

    .venv/bin/python -m bench.run [--size 10k …] [--only list --only item …] [--peers bare,onrecord,datasette]
"""

import argparse
from bench import cases, material, records
from bench.measuring import Effort


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark On Record beside its peers")
    parser.add_argument("--size", action="append")
    parser.add_argument("--only", action="append")
    parser.add_argument("--peers", default="bare,onrecord,datasette,plain")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for size in given.size or ["10k"]:
        record = records.on_sqlite(size)
        with cases.on_sqlite(record, material.of(record), given.peers.split(",")) as house:
            for case in cases.CASES:
                if given.only and not any(case.name.startswith(o) for o in given.only):
                    continue
                found = cases.run(case, house, Effort(given.rounds, given.seconds))
                for name, m in found.items():
                    if m.left_out and not m.rate:
                        print(f"{size} {case.name:18} {name:16} left out: {m.left_out}")
                        continue
                    print(f"{size} {case.name:18} {name:16}", "  ".join(f"c{c}: {r:9,.0f}/s p50 {m.p50[c]/1000:8.2f} ms p99 {m.p99[c]/1000:8.2f}" for c, r in m.rate.items()), m.size, m.left_out or "")


if __name__ == "__main__":
    main()
