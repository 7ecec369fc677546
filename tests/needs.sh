#!/usr/bin/env bash
# What the tests need from the system: installed when root, else named in one line with the command.
set -u
missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
command -v chromium >/dev/null || missing+=(chromium)
command -v dpkg-deb >/dev/null || missing+=(dpkg)
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if [ "$(id -u)" = 0 ]; then
    echo "Installing what the tests need from the system (once): ${missing[*]} …"
    export DEBIAN_FRONTEND=noninteractive
    if said=$({ apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } 2>&1 >/dev/null); then exit 0; fi
    echo "$said"
fi
echo "The tests need: sudo apt-get install ${missing[*]}"
exit 1
