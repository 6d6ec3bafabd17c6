"""Content-Security-Policy (CSP Level 3): a typed builder, each directive a keyword."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from netguard.checks import UNSET, listing, one_of, section
from netguard.errors import ConfigError
from netguard.headers.reporting import check_name, check_path, check_urls
from netguard.headers.sources import NONCE, NONE, SELF, STRICT_DYNAMIC, UNSAFE_INLINE, check_sources, fallbacks

__all__ = ["CSP", "ENDPOINT", "NONCE", "NONE", "SELF", "STRICT_DYNAMIC", "UNSAFE_INLINE", "Sources"]

ENDPOINT: Final = "csp"  # the name of the endpoint at ``report_path``
_UNOBSERVED: Final[Mapping[str, Any]] = {
    "sandbox": False,
    "upgrade_insecure_requests": False,
}  # ignored in a report-only policy

Sources = Sequence[str] | Literal[False]


@section
class CSP:
    """Each directive as a list of sources, as in ``CSP(script_src=[SELF, NONCE], img_src=[SELF, "https://cdn.example"])``.

    Starts from the preset's directives and replaces those it names; ``CSP.only(...)`` starts from nothing.
    ``False`` drops a directive. Keywords are written with their quotes (``"'self'"`` or ``SELF``); anything that a
    browser would not read as written is a ConfigError. Directives leave in one fixed order (CSP3, 2.2).

    ``report_path="/csp-reports"`` (as browsers see it, root path included) has violations sent to netguard's own
    receiver at that path: it adds ``report-uri``, ``report-to`` and the Reporting-Endpoints entry, named by
    ``report_to``. ``report_to`` alone names an entry of ``Headers.reporting_endpoints``; ``report_uri`` lists URLs for
    browsers without the Reporting API (CSP3, 6.5).
    """

    default_src: Sources = UNSET
    base_uri: Sources = UNSET
    child_src: Sources = UNSET
    connect_src: Sources = UNSET
    fenced_frame_src: Sources = UNSET
    font_src: Sources = UNSET
    form_action: Sources = UNSET
    frame_ancestors: Sources = UNSET
    frame_src: Sources = UNSET
    img_src: Sources = UNSET
    manifest_src: Sources = UNSET
    media_src: Sources = UNSET
    object_src: Sources = UNSET
    require_trusted_types_for: Sources = UNSET
    sandbox: Sources = UNSET
    script_src: Sources = UNSET
    script_src_attr: Sources = UNSET
    script_src_elem: Sources = UNSET
    style_src: Sources = UNSET
    style_src_attr: Sources = UNSET
    style_src_elem: Sources = UNSET
    trusted_types: Sources = UNSET
    worker_src: Sources = UNSET
    upgrade_insecure_requests: bool = UNSET
    report_uri: Sources = UNSET
    report_to: str | Literal[False] = UNSET
    report_path: str | Literal[False] = UNSET
    from_preset: bool = True

    def __post_init__(self) -> None:
        one_of("CSP.from_preset", self.from_preset, (True, False))
        for field, value in self.written().items():
            if value is not False or field == "upgrade_insecure_requests":
                _check(field, value)

    @classmethod
    def only(cls, **directives: Any) -> CSP:  # the same keywords as CSP(...), checked there
        """A policy of these directives alone, with nothing from the preset."""
        return cls(**directives, from_preset=False)

    def written(self) -> Mapping[str, Any]:
        """The keywords that were written."""
        fields = ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self) if f.name != "from_preset")
        return {name: value for name, value in fields if value is not UNSET}

    def given(self) -> Mapping[str, Any]:
        """The directives that were written, under their names on the wire."""
        written = dict(self.written())
        path = written.pop("report_path", False)
        if path:
            written["report_uri"] = (path, *(written.get("report_uri") or ()))
            written.setdefault("report_to", ENDPOINT)
        return {name.replace("_", "-"): value for name, value in written.items()}

    def endpoint(self) -> Mapping[str, str]:
        """The name and the path of the endpoint at which netguard receives this policy's reports, if it does."""
        name = ENDPOINT if self.report_to is UNSET else self.report_to
        return {name: self.report_path} if name and isinstance(self.report_path, str) else {}

    def over(self, preset: CSP) -> CSP:
        """This policy with what it leaves unsaid taken from the preset."""
        if not self.from_preset:
            return self
        names = [f.name for f in dataclasses.fields(self) if getattr(self, f.name) is UNSET]
        return dataclasses.replace(self, **{name: getattr(preset, name) for name in names})

    def appended(self, extra: CSP) -> CSP:
        """This policy with the sources of ``extra`` added; what fell back to default-src starts from its sources."""
        given = self.written()
        changed: dict[str, Any] = {}
        for name, more in extra.written().items():
            chain = (name, *(parent.replace("-", "_") for parent in fallbacks(name.replace("_", "-"))))
            present = next((given[parent] for parent in chain if given.get(parent)), ())
            replaced = isinstance(more, bool | str)
            changed[name] = more if replaced else list(dict.fromkeys([*(s for s in present if s != NONE), *more]))
        return dataclasses.replace(self, **changed)

    def observed(self) -> CSP:
        """This policy as a report-only one: without what browsers then ignore (CSP3, 6.3.2; Upgrade, 3.1)."""
        return dataclasses.replace(self, **_UNOBSERVED)

    def check_observable(self) -> None:
        """Refuse what browsers ignore in a report-only policy."""
        for name in _UNOBSERVED:
            if self.written().get(name, False) is not False:
                raise ConfigError(
                    f"Headers.csp_report_only: browsers ignore {name} in a report-only policy: leave it out"
                )


def _check(field: str, value: object) -> None:
    name = field.replace("_", "-")
    if field == "report_path":
        check_path("CSP.report_path", value)
    elif field == "report_to":
        check_name("CSP.report_to", value)
    elif field == "report_uri":
        check_urls("CSP.report_uri", value)
    elif field == "upgrade_insecure_requests":
        one_of(f"CSP {name}", value, (True, False))
    else:
        check_sources(name, listing(f"CSP {name}", value, str))
