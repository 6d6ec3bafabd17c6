"""``python -m benchmarks [NAMES...] [--json FILE] [--rounds N]``: a bar that is missed is marked, and is no error."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import (
    areas,
    asgi,
    caches,
    cookies,
    django,
    flask,
    imports,
    limits,
    limits_peers,
    limits_redis,
    lockout,
    networks,
    networks_beside,
    passwords,
    reload,
    report,
    scaling,
    starlette,
    wsgi,
)
from benchmarks.measure import Row

SUBJECTS: dict[str, Callable[[int], Iterator[Row]]] = {
    "asgi": asgi.rows,
    "starlette": starlette.rows,
    "wsgi": wsgi.rows,
    "cookies": cookies.rows,
    "flask": flask.rows,
    "django": django.rows,
    "limits": limits.rows,
    "limits-peers": limits_peers.rows,
    "limits-redis": limits_redis.rows,
    "lockout": lockout.rows,
    "areas": areas.rows,
    "networks": networks.rows,
    "networks-beside": networks_beside.rows,
    "reload": reload.rows,
    "passwords": passwords.rows,
    "scaling": scaling.rows,
    "caches": caches.rows,
    "imports": imports.rows,
}
_JSON = Path(__file__).with_name("results.json")


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = _options()
    result = {}
    for name in options.names or SUBJECTS:
        print(f"measuring {name} ...", flush=True)
        result[name] = list(SUBJECTS[name](options.rounds))
    print("", *report.table(result), "", sep="\n")
    for line in report.missed(result):
        print(f"over its bar: {line}")
    document = report.document(result, options.rounds)
    options.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{document['python']}, commit {document['commit']}; all figures in {options.json.name}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"subjects (default: all): {', '.join(SUBJECTS)}")
    parser.add_argument("--json", type=Path, default=_JSON, help="where the JSON goes (default: beside this file)")
    parser.add_argument("--rounds", type=int, default=100, help="interleaved rounds of each subject (default: 100)")
    options = parser.parse_args()
    unknown = set(options.names) - set(SUBJECTS)
    if unknown:
        parser.error(f"no such subject: {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}")
    if options.rounds < 5:
        parser.error("--rounds: at least 5, since the spread is read from five parts of the run")
    return options


if __name__ == "__main__":
    main()
