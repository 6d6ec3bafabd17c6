"""Policies that change: what comes between the reading and the next look, and who watches."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from weakref import ref

import pytest

from netguard import Area, ConfigError, LivePolicy, Policy, Tenants
from netguard.rules.areas import AreaRule
from netguard.wsgi import NetguardMiddleware
from support.load import until

HOSTS = 'hosts = ["{}"]\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(HOSTS.format("one.example"))
    return path


def test_a_signal_reloads_where_no_file_is_watched() -> None:
    made: list[str] = []

    def policy() -> Policy:
        made.append("made")
        return Policy(hosts=["one.example"])

    before = signal.getsignal(signal.SIGUSR1)
    live = LivePolicy(policy, every=0)
    try:
        live.reload_on(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
        until(lambda: len(made) == 2)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_file_that_changes_while_it_is_read_first_is_read_again(file: Path) -> None:
    def made() -> Policy:
        policy = Policy(hosts=[file.read_text().strip()])
        if "one" in policy.hosts[0]:
            file.write_text("two.example")
        return policy

    file.write_text("one.example")
    live = LivePolicy(made, every=0, watch=[file])
    assert live.look()
    assert live.policy.hosts == ("two.example",)
    assert not live.look()


def test_a_list_that_changes_while_it_is_read_first_is_read_again(tmp_path: Path) -> None:
    networks = tmp_path / "office.txt"
    networks.write_text("192.0.2.0/24\n")

    def changes() -> list[str]:
        networks.write_text("192.0.2.0/24\n198.51.100.0/24\n")
        return ["10.0.0.1"]

    areas = [Area("/a", networks=networks), Area("/b", networks=changes)]
    live = LivePolicy(lambda: Policy(areas=areas), every=0)
    assert live.look()


def test_the_lists_of_a_rejected_policy_are_watched(tmp_path: Path, file: Path) -> None:
    live = LivePolicy(file, every=0)
    office = tmp_path / "office.txt"
    file.write_text(f'[tenants.policies."a.example"]\n[[tenants.policies."a.example".areas]]\n'
                    f'path = "/"\nnetworks = ["file:{office}"]\n')  # fmt: skip
    assert not live.look(), "there is no such list yet"
    office.write_text("192.0.2.0/24\n")
    assert live.look()
    assert not live.look(), "nothing has changed since"
    assert isinstance(live.policy.tenants, Tenants)


@pytest.mark.parametrize("left", ["", "# all of it was cut off\n"])
def test_a_file_that_says_nothing_keeps_the_policy(file: Path, left: str) -> None:
    live = LivePolicy(file, every=0)
    file.write_text(left)
    assert not live.look()
    assert live.policy.hosts == ("one.example",)


def test_a_reload_does_not_wait_for_a_file_that_never_rests(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = LivePolicy(file, every=0)
    looks: list[int] = []

    def restless(seconds: float) -> None:
        looks.append(len(looks))
        file.write_text(HOSTS.format("two.example") + "#" * len(looks))
        if len(looks) == 1:
            other = Thread(target=live.reload, daemon=True)
            other.start()
            other.join(10)
            assert not other.is_alive()

    monkeypatch.setattr("netguard.live._PAUSES", 0)
    monkeypatch.setattr(
        "netguard.live.sleep", lambda seconds: restless(seconds) if seconds and len(looks) < 3 else None
    )
    file.write_text(HOSTS.format("two.example"))
    live.look()
    assert len(looks) == 3


def test_nothing_keeps_a_live_policy_that_is_out_of_use(file: Path) -> None:
    live = LivePolicy(file, every=0)
    gone = ref(live)
    del live
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: LivePolicy(Policy, every=float("inf")), "a year at most", id="for-ever"),
        pytest.param(lambda: LivePolicy(Policy, watch=5), "watch: a list is meant, not 5", id="watch"),  # type: ignore[arg-type]
        pytest.param(lambda: LivePolicy(Policy, watch=[5]), "each entry is a path, not 5", id="watched"),  # type: ignore[list-item]
        pytest.param(lambda: LivePolicy("a\0b"), "cannot be read", id="nul-in-a-name"),
        pytest.param(lambda: LivePolicy(Policy, every=0).reload_on(999), "reload_on: 999 cannot", id="no-signal"),
        pytest.param(lambda: LivePolicy(Policy, every=0).reload_on(signal.SIGKILL), "cannot be", id="sigkill"),
    ],
)
def test_mistakes_are_named(make: Callable[[], object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()


def seen_by_itself(file: Path, **keywords: Any) -> LivePolicy:
    live = LivePolicy(file, **keywords)
    first = live.for_request()
    file.write_text(HOSTS.format("two.example"))
    until(lambda: live.policy.hosts == ("two.example",))
    assert live.plan is not first
    return live


def test_watchfiles_tells_of_a_change_long_before_the_next_look(file: Path) -> None:
    pytest.importorskip("watchfiles")
    live = seen_by_itself(file, every=3600)
    beside = file.with_name("beside")
    beside.write_text(HOSTS.format("three.example"))
    beside.replace(file)
    until(lambda: live.policy.hosts == ("three.example",))


def test_without_watchfiles_files_are_looked_at(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    seen_by_itself(file, every=0.01)


def test_where_watchfiles_fails_files_are_looked_at(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def watch(*folders: Path, recursive: bool, **_: object) -> Iterator[object]:
        assert not recursive, "a folder of an app may hold hundreds of thousands"
        raise OSError("OS file watch limit reached")

    monkeypatch.setitem(sys.modules, "watchfiles", SimpleNamespace(watch=watch))
    seen_by_itself(file, every=0.01)
    assert "OS file watch limit reached" in caplog.text


def test_reloads_leave_nothing_behind(file: Path) -> None:
    office = file.with_name("office.txt")
    office.write_text("192.0.2.0/24\n")
    live = LivePolicy(lambda: Policy(areas=[Area("/a", networks=office)]), every=0)
    app = NetguardMiddleware(lambda environ, start: [], live)
    gc.collect()
    before = sum(type(one) is AreaRule for one in gc.get_objects())
    for _ in range(20):
        assert app._drivers is not None
        app._drivers.of(lambda plan: pytest.fail("there is one policy for all"))
        live.reload()
    gc.collect()
    plans = sum(type(one) is AreaRule for one in gc.get_objects()) - before
    assert plans <= 2, "the one in force, and the one of the last request"
