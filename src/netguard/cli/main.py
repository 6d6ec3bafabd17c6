"""The commands, and how their arguments are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

import netguard
from netguard.cli.csp import csp_hash, csp_learn
from netguard.cli.logins import locks, unlock
from netguard.cli.policies import Problem, read_policy
from netguard.errors import ConfigError
from netguard.explanation import asked
from netguard.explanation import explain as explained
from netguard.messages import Kind
from netguard.networks import packed
from netguard.policy import Policy


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(netguard.__version__)
def main() -> None:
    """Show and check what a netguard policy does."""


@main.command()
@click.argument("policy")
@click.argument("line", metavar="REQUEST")
@click.option("--from", "peer", default="203.0.113.7", show_default=True, help="The address of the peer.")
@click.option("--header", "-H", "headers", multiple=True, metavar="'NAME: VALUE'", help="A request header; repeatable.")
@click.option("--http", is_flag=True, help="The request came over plain http.")
@click.option("--websocket", is_flag=True, help="The request is a WebSocket handshake.")
def explain(policy: str, line: str, peer: str, headers: Sequence[str], http: bool, websocket: bool) -> None:
    """Tell rule by rule what POLICY (a TOML file, or module:name) does with a REQUEST such as 'POST /login'.

    Exits with 1 where the request is refused. Without a Host header the first name of the policy is taken.
    """
    loaded = read_policy(policy)
    kind: Kind = "websocket" if websocket else "http"
    scheme = "http" if http else "https"
    _check(line, peer)
    try:  # an exit with 1 would say that it is refused
        request = asked(loaded, line, _fields(headers, loaded), peer=peer, scheme=scheme, kind=kind)
        explanation = explained(loaded, request)
    except ConfigError as error:  # of a list of networks, which is not read before
        raise Problem(str(error)) from error
    click.echo(str(explanation))
    raise SystemExit(1 if explanation.decided_by else 0)


def _check(line: str, peer: str) -> None:
    method, _, target = line.rpartition(" ")
    if " " in method or not (target.startswith("/") or "://" in target):
        raise Problem(f"a request is written 'POST /login', not {line!r}")
    if packed(peer) is None:
        raise Problem(f"--from: {peer!r} is no address")


def _fields(headers: Sequence[str], policy: Policy) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    for header in headers:
        name, colon, value = header.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not (colon and name.isascii() and _is_latin(value)):
            raise Problem(f"a header is written 'Name: value', in Latin-1, not {header!r}")
        separator = "; " if name == "cookie" else ", "
        fields[name] = fields[name] + separator + value if name in fields else value
    if "host" not in fields:
        first = next(iter(policy.hosts), "localhost")
        fields["host"] = first.replace("*.", "www.").removesuffix(":*")
    return fields


def _is_latin(text: str) -> bool:
    return all(sign <= "\xff" for sign in text)


main.add_command(csp_hash)
main.add_command(csp_learn)
main.add_command(locks)
main.add_command(unlock)
