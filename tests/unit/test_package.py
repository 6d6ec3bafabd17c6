"""What a user installs: the wheel, its types, and an import that loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import netguard

ROOT = Path(__file__).parents[2]


def modules_after(code: str) -> set[str]:
    """What a fresh interpreter has loaded after running this."""
    shown = f"import sys; before = set(sys.modules); {code}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _path() + shown], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def _path() -> str:
    return f"import sys; sys.path += {[path for path in sys.path if path]!r}; "


def test_importing_netguard_loads_nothing_heavy() -> None:
    assert modules_after("import netguard") == {"__future__", "netguard"}


def test_a_policy_and_a_driver_load_no_framework() -> None:
    loaded = {name.partition(".")[0] for name in modules_after("import netguard; netguard.Policy(); netguard.asgi")}
    frameworks = {"click", "django", "fastapi", "flask", "itsdangerous", "limits", "redis", "starlette", "werkzeug"}
    assert not loaded & frameworks


def test_every_public_name_is_there() -> None:
    code = "import netguard; [getattr(netguard, name) for name in netguard.__all__]; dir(netguard)"
    assert "netguard.policy" in modules_after(code)


def test_no_module_hides_a_public_name() -> None:
    """An import of a module of that name would put it in the name's place."""
    modules = {path.stem for path in (ROOT / "src" / "netguard").iterdir()}
    assert modules & set(netguard.__all__) == {"asgi", "wsgi"}


def test_the_wheel_holds_the_package_and_its_types(tmp_path: Path) -> None:
    build = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run([sys.executable, *build], check=True)
    (wheel,) = tmp_path.glob("netguard-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*.py")}
    assert sources <= names
    assert "netguard/py.typed" in names
    assert any(name.endswith("entry_points.txt") for name in names)
