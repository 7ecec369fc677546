"""Each rule finds the fault planted for it, with file and line; a clean render has none."""

from __future__ import annotations

import dataclasses

import pytest

from asterisk_conf.lint import Finding, lint
from asterisk_conf.render import Rendered, render
from tests.unit.asterisk_conf.samples import sample_asterisk, sample_office, sample_settings

pytestmark = pytest.mark.unit


def clean() -> Rendered:
    office = sample_office()
    return render(office, sample_settings(office), sample_asterisk())


def planted(file: str, good: str, bad: str) -> list[Finding]:
    """What lint says after the first *good* in *file* became *bad*."""
    whole = clean()
    assert good in whole.files[file], good
    return lint(
        dataclasses.replace(whole, files={**whole.files, file: whole.files[file].replace(good, bad, 1)})
    )


EXTENSIONS = [
    ("exten => 5550100,1,", "exten => _X.,1,", "pattern"),
    ("exten => 5550100,1,", "exten => _!,1,", "pattern"),
    ("exten => 101,1,", "exten => _.,1,", "pattern"),
    ("exten => 101,1,", "include => default\nexten => 101,1,", "reach"),
    ("Ringing()", "System(id)", "System is not an application"),
    ("Ringing()", "TrySystem(id)", "TrySystem"),
    ("Set(CC_HEARD=${CC_PARTY})", "Set(CC_HEARD=${SHELL(id)})", "SHELL"),
    ("Set(CC_HEARD=${CC_PARTY})", "Set(FILE(/etc/passwd)=x)", "FILE"),
    ("MSet(CALLERID(num)=,", "MSet(CALLERID(num)=,FILE(/etc/passwd)=x,", "FILE"),
    ("CALLERID(num)=,", "CALLERID(num)=${CALLERID(num)},", "commas"),
    ("FILTER(0-9+,${CALLERID(dnid)})", "FILTER(0-9a-z,${CALLERID(dnid)})", "commas"),
    ("exten => T,1,", "exten => U,1,", "needs a T extension"),
    ("exten => T,1,Set(TIMEOUT(absolute)=0)\n same => n,Goto", "exten => T,1,Goto", "disarms"),
    ("TIMEOUT(absolute)=2)", "TIMEOUT(absolute)=200)", "armed"),
    ("MSet(TIMEOUT(absolute)=0,", "MSet(", "disarmed"),
    ("AGIEXITONHANGUP=yes", "AGIEXITONHANGUP=no", "AGIEXITONHANGUP"),
    ("AGI(agi://127.0.0.1", "AGI(agi://router.example", "literal address"),
    (",${CC_RING},iI)", ",${CC_RING},iItT)", "option i"),
    (",${CC_RING},iI)", ",${CC_RING},i)", "option i"),
    ("Dial(${CC_DIAL},", "Dial(${EXTEN},", "agents' devices"),
    ("Queue(${CC_QUEUE},iI,", "Queue(${CC_QUEUE},iIt,", "options iI"),
    ("Queue(${CC_QUEUE},iI,", "Queue(${CC_QUEUE},i,", "options iI"),
    ("${CC_CALL}-out.wav))", "${CC_CALL}-out.wav),id)", "run no command"),
    ("/${CC_CALL}.wav,b", "/${CALLERID(name)}.wav,b", "call id"),
    ("CC_RECORDED=${CC_CALL}", "CC_RECORDED=${CALLERID(name)}", "call id"),
    ("_SUB=cc-record,party,1", "_SUB=cc-record,parti,1", "leads nowhere"),
    ("-vm.wav", "-${CALLERID(num)}.wav", "call id"),
    ("Reason: term)", "Reason: ${CALLERID(name)})", "constants and ids"),
    ("Goto(cc-arrive,s,1)", "Goto(cc-arive,s,1)", "leads nowhere"),
    ("?agents)", "?agent)", "leads nowhere"),
    (" same => n(end),Hangup()", " same => n(end),Wait(1)", "what is next"),
]
OUT = "Goto(cc-out-carrier,${EXTEN},1)"
TO_CARRIER = "@trunk-carrier,40,ib(cc-called^carrier^1)U(cc-record^s^1))"
OUTSIDE = [
    ("Dial(${CC_DIAL},${CC_RING},iI)", "Dial(PJSIP/7${EXTEN}@trunk-carrier,40,i)", "agents' devices"),
    ("Dial(PJSIP/${FILTER(0-9,${EXTEN})}@trunk-carrier", "Dial(PJSIP/${EXTEN}@trunk-carrier", "agents"),
    (TO_CARRIER, TO_CARRIER.replace("trunk-carrier", "trunk-second"), "agents' devices"),
    (TO_CARRIER, TO_CARRIER.replace("ib(", "b("), "agents' devices"),
    (TO_CARRIER, TO_CARRIER.replace("ib(", "itb("), "agents' devices"),
    (TO_CARRIER, TO_CARRIER.replace("U(cc-record^s^1)", "U(cc-route^s^1)"), "agents' devices"),
    ("exten => carrier,1,MSet(", "exten => carier,1,MSet(", "cc-called,carrier,1 leads nowhere"),
    ("exten => _+XXXXXXX,1,", "exten => _+X.,1,", "pattern"),
    ("exten => _+XXXXXXX,1,", "exten => _+XXXXXX!,1,", "pattern"),
    ("exten => _XXXXXXX,1,", "exten => _XXX,1,", "pattern"),
    ("exten => _+7XXXXXX,1,", "exten => _+7.,1,", "pattern"),
    ("Goto(cc-arrive,s,1)", OUT, "past the doors"),
    ("Goto(cc-direct,anna,1)", OUT, "past the doors"),
    (
        "[cc-transfer]\nexten => 101,1,",
        "[cc-transfer]\nexten => 101,1,Goto(cc-out,${EXTEN},1)\n same => n,",
        "past",
    ),
    ("exten => +74955550100,1,Hangup(21)", f"exten => +74955550100,1,{OUT}", "with a prefix of the office"),
    ("exten => _00XXXXXXX,1,Goto(cc-out,+${EXTEN:2},1)", f"exten => _00XXXXXXX,1,{OUT}", "past the doors"),
    ("Set(CC_DIALLED=${FILTER(0-9,${EXTEN})})", "Set(CC_DIALLED=${CALLERID(num)})", "digits alone"),
    ('${CC_COUNTRY}"="AZ"]?cc-dialled-az,', '${CC_COUNTRY}"="AZ"]?cc-dialled-xx,', "leads nowhere"),
]
OTHERS = [
    ("asterisk.conf", "systemname = cc0123456789abcdef", "systemname = pbx", "systemname"),
    ("asterisk.conf", "live_dangerously = no", "live_dangerously = yes", "live_dangerously"),
    ("asterisk.conf", "execincludes = no", "execincludes = yes", "execincludes"),
    ("modules.conf", "autoload = no", "autoload = yes", "autoload"),
    ("modules.conf", "load = pbx_config.so", "load = app_system.so", "app_system"),
    ("modules.conf", "load = pbx_config.so", "load = cdr_pgsql.so", "cdr_pgsql"),
    ("modules.conf", "load = pbx_config.so", "load = cel_odbc.so", "cel_odbc"),
    ("modules.conf", "load = pbx_config.so", "load = res_config_pgsql.so", "res_config_pgsql"),
    ("modules.conf", "load = res_ari.so", "load = res_ari_channels.so", "res_ari_channels"),
    ("http.conf", "bindaddr = 127.0.0.1", "bindaddr = 0.0.0.0", "loopback"),
    ("http.conf", "enable_static = no", "enable_static = yes", "enable_static"),
    ("http.conf", "enable_status = no", "tlsenable = yes\nenable_status = no", "tlsenable"),
    ("ari.conf", "password = ari-secret-000000001", "password = ari", "too short"),
    ("ari.conf", "enabled = yes", "allowed_origins = *", "no page"),
    ("sorcery.conf", "auth = memory", "endpoint = memory", "only passwords"),
    ("pjsip.conf", "auth = agent-boris-web-cred", "auth = agent-boris-web", "password of its own"),
    ("pjsip.conf", "transport = transport-ws", "transport = transport-udp", "through the web"),
    ("pjsip.conf", "bind = 0.0.0.0", "bind = 127.0.0.1", "all addresses"),
    ("manager.conf", "bindaddr = 127.0.0.1", "bindaddr = 0.0.0.0", "loopback"),
    ("manager.conf", "webenabled = no", "webenabled = yes", "webenabled"),
    ("manager.conf", "write = reporting", "write = reporting,command", "command"),
    ("manager.conf", "write = originate,call,agent,reporting", "write = originate,system", "system"),
    ("manager.conf", "read = system,call,agent,user", "read = system,call,agent,user,dtmf", "dtmf"),
    ("manager.conf", "secret = listener-secret-0001", "secret = pass", "too short"),
    ("manager.conf", "deny = 0.0.0.0/0.0.0.0", "deny = 10.0.0.0/255.0.0.0", "denied"),
    ("manager.conf", "allowmultiplelogin = no", "allowmultiplelogin = yes", "allowmultiplelogin"),
    ("pjsip.conf", "header,auth_username,username,ip", "ip,username,anonymous", "identifier_order"),
    ("pjsip.conf", "match_header = From:", "match_header = Form:", "characters in From"),
    ("pjsip.conf", "match_header = Diversion:", "match_header = X:", "characters in Diversion"),
    ("pjsip.conf", "[poison]\n", "[anonymous]\n", "anonymous"),
    ("pjsip.conf", "context = cc-agents", "context = cc-in-carrier", "cc-agents"),
    ("pjsip.conf", "__TRANSFER_CONTEXT=cc-transfer", "__TRANSFER_CONTEXT=cc-route", "cc-transfer"),
    ("pjsip.conf", "auth = agent-anna-desk", "language = en", "password"),
    ("pjsip.conf", "context = cc-in-carrier", "context = cc-agents", "own context"),
    ("pjsip.conf", "trust_id_inbound = yes\nallow_transfer = no", "allow_transfer = yes", "only agents"),
    ("cel.conf", "CHAN_START,", "ALL,CHAN_START,", "callers type"),
    ("cel.conf", "CHAN_END,", "", "CHAN_END"),
    ("cel_custom.conf", "${CSV_QUOTE(${eventtype})}", "${eventtype}", "quoted"),
    ("queues.conf", "persistentmembers = yes", "persistentmembers = no", "restart"),
    ("queues.conf", "ringinuse = no", "ringinuse = yes", "talks"),
    ("queues.conf", "[general]", "#exec id\n[general]", "#exec"),
    ("features.conf", "[general]", "[general]\x07", "control"),
]


@pytest.mark.parametrize(("good", "bad", "word"), EXTENSIONS + OUTSIDE)
def test_the_dialplan(good: str, bad: str, word: str) -> None:
    findings = planted("extensions.conf", good, bad)
    assert findings and all(finding.file == "extensions.conf" for finding in findings)
    assert word in "; ".join(finding.message for finding in findings)


@pytest.mark.parametrize(("file", "good", "bad", "word"), OTHERS)
def test_other_files(file: str, good: str, bad: str, word: str) -> None:
    findings = planted(file, good, bad)
    assert {finding.file for finding in findings} == {file}
    assert word in "; ".join(finding.message for finding in findings)


def test_a_finding_names_the_line() -> None:
    text = clean().files["extensions.conf"]
    (finding,) = planted("extensions.conf", "Ringing()", "System(id)")
    assert finding.line == text[: text.index("Ringing()")].count("\n") + 1
    assert str(finding).startswith(f"extensions.conf:{finding.line}: System")


def test_a_file_that_is_missing_or_unreadable_is_a_finding() -> None:
    whole = clean()
    files = {name: text for name, text in whole.files.items() if name != "manager.conf"}
    files["queues.conf"] = "strategy = random\n"
    findings = lint(dataclasses.replace(whole, files=files))
    assert {finding.file for finding in findings} == {"manager.conf", "queues.conf"}
