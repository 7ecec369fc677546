"""What generated configuration must never say, checked on the text itself, after rendering.

Templates are reviewed once; this is run on every render. Rules are about what Asterisk would do with the
text, so a fault in a template, a value or the writer shows here before it is loaded.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from asterisk_conf.conf_text import Section, read_sections
from asterisk_conf.lint_dialplan import dialplan_faults
from asterisk_conf.modules import is_forbidden

if TYPE_CHECKING:
    from asterisk_conf.render import Rendered

IDENTIFIER_ORDER = "header,auth_username,username,ip"
HOSTILE = "/%(0|1)[0-9A-Fa-f]|%7[Ff]|[[:cntrl:]]/"
GUARDED_HEADERS = ("From", "To", "Contact", "P-Asserted-Identity", "Remote-Party-ID", "Diversion")
_READ = frozenset({"system", "call", "agent", "user"})
_WRITE = frozenset({"originate", "call", "agent", "reporting"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_DIRECTIVE = re.compile(r"^\s*#")

Fault = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: where (line from 1, 0 for the whole file) and what, in words."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def lint(rendered: Rendered) -> list[Finding]:
    """Every fault in *rendered*, in the order of files and rules; empty when it may be loaded."""
    findings: list[Finding] = []
    rules = _RULES | (_BROWSER_PHONE_RULES if rendered.browser_phones else _NO_BROWSER_PHONE_RULES)
    for name, text in rendered.files.items():
        faults = list(_text_faults(text))
        if not faults:
            try:
                faults = list(rules[name](text)) if name in rules else []
            except ValueError as error:
                faults = [(0, str(error))]
        findings.extend(Finding(name, line, message) for line, message in faults)
    findings.extend(
        Finding(name, 0, "this file must be there") for name in rules if name not in rendered.files
    )
    return findings


def _text_faults(text: str) -> Iterator[Fault]:
    for number, line in enumerate(text.split("\n"), start=1):
        if _CONTROL.search(line):
            yield number, "a control character"
        if _DIRECTIVE.match(line):
            yield number, "an #include or #exec"


def _sections(text: str) -> dict[str, Section]:
    return {section.name: section for section in read_sections(text)}


def _asterisk(text: str) -> Iterator[Fault]:
    sections = _sections(text)
    options = sections.get("options")
    if options is None:
        yield 0, "no [options]"
        return
    if len(options.get("systemname") or "") < 12:
        yield options.line, "systemname must be a secret token"
    for key in ("live_dangerously", "execincludes"):
        if options.get(key) != "no":
            yield options.line, f"{key} must be no"


def _modules(text: str, *, browser_phones: bool) -> Iterator[Fault]:
    for section in read_sections(text):
        if section.get("autoload") != "no":
            yield section.line, "autoload must be no"
        for entry in section.entries:
            loads = entry.key in ("load", "preload", "require")
            if loads and is_forbidden(entry.value, browser_phones=browser_phones):
                yield entry.line, f"{entry.value} must not be loaded"


def _manager(text: str) -> Iterator[Fault]:
    general, *accounts = read_sections(text)
    if not _is_loopback(general.get("bindaddr")):
        yield general.line, "the manager must listen on a loopback address"
    if general.get("webenabled") != "no":
        yield general.line, "webenabled must be no"
    for account in accounts:
        yield from _account(account)
    if not any(account.get("allowmultiplelogin") == "no" for account in accounts):
        yield 0, "one account, the actor's, must have allowmultiplelogin = no"


def _account(account: Section) -> Iterator[Fault]:
    if len(account.get("secret") or "") < 16:
        yield account.line, "the secret is too short"
    if account.get("deny") != "0.0.0.0/0.0.0.0" or account.get("permit") is None:
        yield account.line, "everybody must be denied and one address permitted"
    for key, allowed in (("read", _READ), ("write", _WRITE)):
        classes = {part.strip() for value in account.all(key) for part in value.split(",")}
        for name in sorted(classes - allowed):
            yield account.line, f"{key} class {name} is not for us"


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def _pjsip(text: str) -> Iterator[Fault]:
    sections = read_sections(text)
    templates = {section.name: section for section in sections if section.template}
    order = next((s.get("endpoint_identifier_order") for s in sections if s.get("type") == "global"), None)
    if order != IDENTIFIER_ORDER:
        yield 0, f"endpoint_identifier_order must be {IDENTIFIER_ORDER}"
    guarded = {value for s in sections if s.get("endpoint") == "poison" for value in s.all("match_header")}
    for header in GUARDED_HEADERS:
        if f"{header}: {HOSTILE}" not in guarded:
            yield 0, f"no rule against control characters in {header}"
    for section in sections:
        if section.name == "anonymous":
            yield section.line, "no anonymous endpoint"
        if section.get("protocol") == "ws" and section.get("bind") != "0.0.0.0":  # noqa: S104 - opens no port
            yield section.line, "the voice of browsers is bound where their transport is: to all addresses"
        if not section.template and _value(section, templates, "type") == "endpoint":
            yield from _endpoint(section, templates)


def _endpoint(section: Section, templates: dict[str, Section]) -> Iterator[Fault]:
    context = _value(section, templates, "context") or ""
    if section.name.startswith("agent-"):
        if context != "cc-agents" or "__TRANSFER_CONTEXT=cc-transfer" not in section.all("set_var"):
            yield section.line, "an agent's device must dial in cc-agents and transfer in cc-transfer"
        browser = _value(section, templates, "webrtc") == "yes"
        if _value(section, templates, "auth") != section.name + ("-cred" if browser else ""):
            yield section.line, "an agent's device must have a password of its own"
        if browser and _value(section, templates, "transport") != "transport-ws":
            yield section.line, "a phone in the browser must come through the web"
    elif section.name.startswith("trunk-"):
        if context != f"cc-in-{section.name.removeprefix('trunk-')}":
            yield section.line, "a trunk must lead to its own context"
    elif section.name != "poison" or context != "cc-poison":
        yield section.line, "an endpoint of unknown kind"
    if not section.name.startswith("agent-") and _value(section, templates, "allow_transfer") != "no":
        yield section.line, "only agents may transfer"


def _value(section: Section, templates: dict[str, Section], key: str) -> str | None:
    """*key* as Asterisk sees it: the section's own value, else its bases', nearest first."""
    own = section.get(key)
    if own is not None:
        return own
    bases = (templates[name] for name in reversed(section.bases) if name in templates)
    return next((value for base in bases if (value := _value(base, templates, key)) is not None), None)


def _cel(text: str) -> Iterator[Fault]:
    general = _sections(text)["general"]
    events = (general.get("events") or "").split(",")
    for name in ("CHAN_START", "CHAN_END", "BRIDGE_ENTER", "BRIDGE_EXIT", "HANGUP"):
        if name not in events:
            yield general.line, f"the ledger needs {name}"
    for name in ("ALL", "DTMF"):
        if name in events:
            yield general.line, f"{name} writes what callers type"


def _cel_custom(text: str) -> Iterator[Fault]:
    for section in read_sections(text):
        for entry in section.entries:
            if re.sub(r"\$\{CSV_QUOTE\(\$\{[^{}]+\}\)\}", "", entry.value).strip(","):
                yield entry.line, "every column must be quoted"


def _queues(text: str) -> Iterator[Fault]:
    general, *queues = read_sections(text)
    if general.get("persistentmembers") != "yes":
        yield general.line, "members must outlive a restart"
    for queue in queues:
        if queue.get("ringinuse") != "no":
            yield queue.line, "a queue must not ring an agent who talks"


def _http(text: str) -> Iterator[Fault]:
    general = _sections(text)["general"]
    if not _is_loopback(general.get("bindaddr")):
        yield general.line, "Asterisk's web server must listen on a loopback address"
    for key in ("enable_static", "enable_status"):
        if general.get(key) != "no":
            yield general.line, f"{key} must be no"
    if general.get("tlsenable") == "yes":
        yield general.line, "tlsenable opens a second address"


def _ari(text: str) -> Iterator[Fault]:
    general, *accounts = read_sections(text)
    if general.get("allowed_origins") is not None:
        yield general.line, "no page may speak to ARI"
    for account in accounts:
        if len(account.get("password") or "") < 16:
            yield account.line, "the password is too short"


def _sorcery(text: str) -> Iterator[Fault]:
    for section in read_sections(text):
        for entry in section.entries:
            if (section.name, entry.key) != ("res_pjsip", "auth"):
                yield entry.line, "only passwords are made while Asterisk runs"


Rule = Callable[[str], Iterable[Fault]]

_RULES: dict[str, Rule] = {
    "asterisk.conf": _asterisk,
    "manager.conf": _manager,
    "pjsip.conf": _pjsip,
    "cel.conf": _cel,
    "cel_custom.conf": _cel_custom,
    "queues.conf": _queues,
    "extensions.conf": dialplan_faults,
}
_BROWSER_PHONE_RULES: dict[str, Rule] = {
    "modules.conf": partial(_modules, browser_phones=True),
    "http.conf": _http,
    "ari.conf": _ari,
    "sorcery.conf": _sorcery,
}
_NO_BROWSER_PHONE_RULES: dict[str, Rule] = {"modules.conf": partial(_modules, browser_phones=False)}
