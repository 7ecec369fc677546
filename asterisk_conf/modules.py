"""What the private PBX loads, as an allow-list, and what must never be on it."""

from __future__ import annotations

# Order is Asterisk's business (it sorts by load priority and dependency); here it is by purpose.
LOADED: tuple[str, ...] = (
    # Ground
    "res_pjproject",
    "res_sorcery_astdb",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_timing_timerfd",
    "res_musiconhold",
    "res_manager_devicestate",
    "res_security_log",
    "pbx_config",
    # SIP
    "res_pjsip",
    "res_pjsip_acl",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_diversion",
    "res_pjsip_dlg_options",
    "res_pjsip_dtmf_info",
    "res_pjsip_empty_info",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_nat",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_path",
    "res_pjsip_pubsub",
    "res_pjsip_refer",
    "res_pjsip_registrar",
    "res_pjsip_rfc3326",
    "res_pjsip_sdp_rtp",
    "res_pjsip_session",
    "res_rtp_asterisk",
    "res_srtp",
    "chan_pjsip",
    # Media
    "bridge_builtin_features",
    "bridge_native_rtp",
    "bridge_simple",
    "bridge_softmix",
    "codec_a_mu",
    "codec_alaw",
    "codec_g722",
    "codec_resample",
    "codec_ulaw",
    "format_pcm",
    "format_sln",
    "format_wav",
    # Dialplan
    "app_dial",
    "app_mixmonitor",
    "app_playback",
    "app_queue",
    "app_record",
    "app_stack",
    "app_userevent",
    "func_callerid",
    "func_channel",
    "func_cut",
    "func_global",
    "func_logic",
    "func_pjsip_aor",
    "func_pjsip_contact",
    "func_strings",
    "func_timeout",
    "func_uuid",
    "res_agi",
    "res_speech",  # res_agi is linked against it
    # Ledger
    "cel_custom",
)

# Loaded where this version of Asterisk has them.
OPTIONAL: tuple[str, ...] = ("res_cdrel_custom",)  # cel_custom's writer in newer ones

# Loaded besides where an office has phones in the browser: SIP over WebSocket, and the one part of ARI
# that gives those phones their passwords while Asterisk runs.
BROWSER_PHONES: tuple[str, ...] = (
    "res_http_websocket",
    "res_pjsip_transport_websocket",
    "res_ari_model",
    "res_stasis",
    "res_ari",
    "res_ari_asterisk",
)
OPTIONAL_FOR_BROWSER_PHONES: tuple[str, ...] = ("res_websocket_client",)  # newer res_ari is linked against it

# A shell, a file, a web server, a database, a spool of calls, a way around the ask, an anonymous caller.
FORBIDDEN_PREFIXES: tuple[str, ...] = (
    "app_system",
    "app_externalivr",
    "app_disa",
    "app_exec",
    "app_originate",
    "app_chanspy",
    "app_voicemail",
    "app_minivm",
    "cdr_",
    "cel_manager",
    "cel_odbc",
    "cel_pgsql",
    "cel_radius",
    "cel_sqlite3",
    "cel_tds",
    "chan_console",
    "chan_iax2",
    "chan_motif",
    "chan_unistim",
    "func_curl",
    "func_env",
    "func_odbc",
    "func_realtime",
    "func_shell",
    "pbx_ael",
    "pbx_dundi",
    "pbx_lua",
    "pbx_realtime",
    "pbx_spool",
    "res_ari",
    "res_config_",
    "res_http",
    "res_odbc",
    "res_parking",
    "res_phoneprov",
    "res_pjsip_endpoint_identifier_anonymous",
    "res_pjsip_messaging",
    "res_realtime",
    "res_snmp",
    "res_sorcery_realtime",
    "res_xmpp",
)


def is_forbidden(module: str, *, browser_phones: bool) -> bool:
    """Whether *module* (a name, with or without `.so`) must not be loaded."""
    name = module.removesuffix(".so")
    if browser_phones and name in (*BROWSER_PHONES, *OPTIONAL_FOR_BROWSER_PHONES):
        return False
    return name.startswith(FORBIDDEN_PREFIXES)


# Named as `noload` besides: what packagers' defaults like to load.
NOT_LOADED: tuple[str, ...] = (
    "app_jack",
    "app_system",
    "app_voicemail",
    "cdr_pgsql",
    "cdr_odbc",
    "cel_pgsql",
    "cel_odbc",
    "chan_console",
    "chan_iax2",
    "chan_unistim",
    "func_shell",
    "pbx_spool",
    "res_config_ldap",
    "res_config_odbc",
    "res_config_pgsql",
    "res_odbc",
    "res_parking",
    "res_pjsip_endpoint_identifier_anonymous",
    "res_snmp",
)
