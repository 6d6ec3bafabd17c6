"""``netguard csp-hash`` and ``netguard csp-learn``: what a Content-Security-Policy must say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import click

from netguard.cli.policies import Problem, read_policy
from netguard.hashes import inline, source_of
from netguard.headers.csp import CSP
from netguard.learn import propose
from netguard.policy import Policy
from netguard.reports import read_lines

_PAGES = frozenset({".html", ".htm", ".xhtml"})


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def csp_hash(files: Sequence[Path]) -> None:
    """Print the CSP hashes of FILES: of each inline script and style of a page (.html), else of the whole file.

    Inline event handlers and style attributes are named with their line, since no hash of an element covers them;
    where there are any, the exit status is 1.
    """
    unhashed = False
    for file in files:
        for line, mended in _page(file) if file.suffix.lower() in _PAGES else _whole(file):
            click.echo(line)
            unhashed = unhashed or mended
    raise SystemExit(1 if unhashed else 0)


def _whole(file: Path) -> Iterator[tuple[str, bool]]:
    yield f"{file}: {source_of(file.read_bytes())}", False


def _page(file: Path) -> Iterator[tuple[str, bool]]:
    try:
        html = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(f"{file}: this is no UTF-8: {error}") from error
    for found in inline(html):
        said = f"{found.kind}-src {found.source}" if found.source else f"{found.kind} {found.name}: {found.mend}"
        yield f"{file}:{found.line}: {said}", not found.source


@click.command()
@click.argument("reports", type=click.File(encoding="utf-8", errors="replace"))
@click.option("--policy", "where", help="The policy that was in force (a TOML file, or module:name); default: web.")
@click.option("--toml", is_flag=True, help="Print the lines of a policy file instead of Python.")
def csp_learn(reports: TextIO, where: str | None, toml: bool) -> None:
    """Propose the CSP that recorded REPORTS ask for (the file of a ReportLog, or - for standard input).

    Nothing is applied: read it, and keep the origins that you know.
    """
    policy = read_policy(where) if where else Policy()
    csp = policy.headers.csp if policy.headers else False
    if not isinstance(csp, CSP):
        raise Problem("the policy has no CSP to start from: name another with --policy")
    proposal = propose(read_lines(reports), csp)
    click.echo(proposal.toml() if toml else proposal.python(), nl=False)
