"""The parts outside Python that tests drive, how to find them, and how to get them.

A test says ``@pytest.mark.needs("chromium")``, a fixture calls ``require("redis-server")``. Without the part the
test is skipped, and the run ends with how to get it; with ``NETGUARD_REQUIRE_ALL=1`` the test fails instead, but for
parts that ``NETGUARD_WITHOUT`` names: those that a release does not have.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

MISSING = "outside part missing: "
_NPM = Path(__file__).parent.parent / "outside" / "node_modules"
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])  # nginx on Debian


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str
    programs: tuple[str, ...]  # the first that exists is taken
    packages: tuple[str, ...] = ()  # of npm, in tests/outside/node_modules
    get: str

    def find(self) -> str | None:
        """The path of its program, or None where a piece of it is missing."""
        if not all((_NPM / package).is_dir() for package in self.packages):
            return None
        return next((path for name in self.programs if (path := shutil.which(name, path=_PATH))), None)


PARTS = {
    part.name: part
    for part in (
        Part(
            name="chromium",
            programs=("chromium", "chromium-browser", "google-chrome"),
            get="apt-get install chromium",
        ),
        Part(
            name="observatory",
            programs=("node",),
            packages=("@mdn/mdn-http-observatory",),
            get="apt-get install nodejs npm && npm ci --ignore-scripts --prefix tests/outside",
        ),
        Part(
            name="csp_evaluator",
            programs=("node",),
            packages=("csp_evaluator",),
            get="apt-get install nodejs npm && npm ci --ignore-scripts --prefix tests/outside",
        ),
        Part(name="redis-server", programs=("redis-server", "valkey-server"), get="apt-get install redis-server"),
        Part(
            name="valkey-server",
            programs=("valkey-server",),
            get="apt-get install valkey-server (Debian 12: of bookworm-backports)",
        ),
        Part(name="nginx", programs=("nginx",), get="apt-get install nginx"),
        Part(name="memcached", programs=("memcached",), get="apt-get install memcached"),
    )
}


def require(name: str) -> str:
    """The path of a part's program. Without it, skip the test, or fail it with ``NETGUARD_REQUIRE_ALL=1``."""
    part = PARTS[name]
    if path := part.find():
        return path
    spared = os.environ.get("NETGUARD_WITHOUT", "").split()
    if os.environ.get("NETGUARD_REQUIRE_ALL") == "1" and name not in spared:
        pytest.fail(f"{MISSING}{name} (NETGUARD_REQUIRE_ALL=1; to get it: {part.get})", pytrace=False)
    pytest.skip(f"{MISSING}{name}")


def main() -> None:
    """Print which parts are missing here; nothing if all are present."""
    for name, part in PARTS.items():
        if part.find() is None:
            print(f"Without {name}, its tests were skipped; to get it: {part.get}")


if __name__ == "__main__":
    main()
