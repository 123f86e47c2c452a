#!/bin/sh
# Runs the first Python that is new enough; installs Debian's when there is none and we may.
works() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
for python in "${PYTHON:-python3}" python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do
    if works "$python"; then exec "$python" "$@"; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Python from Debian"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get -q update >/dev/null && apt-get -q install -y --no-install-recommends python3 python3-venv >/dev/null &&
        works /usr/bin/python3; then exec /usr/bin/python3 "$@"; fi
    echo "Python 3.11 or later cannot be installed; check the network and /etc/apt/sources.list." >&2
    exit 1
fi
echo "Python 3.11 or later is missing; run: sudo apt-get install python3 python3-venv" >&2
exit 1
