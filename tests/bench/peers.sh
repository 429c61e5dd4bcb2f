#!/usr/bin/env bash
# Sluice beside Redis, beanstalkd, RabbitMQ, NATS JetStream and Python's BaseManager, on this machine, in one run.
# Installs what is missing from Debian, builds what it needs, and prints a table; `peers.sh --help` tells the rest.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
mapfile -t packages < <(awk '$1 == "build" || $1 == "bench" { print $2 }' "$root/docker/packages.txt")

install=true build=true
for word in "$@"; do
  case $word in
    -h | --help) exec python3 -B "$here/peers.py" --help ;;
    --no-install) install=false ;;
    --sluice-bin | --sluice-bin=*) build=false ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
install_missing() ( # Installed, not started: the servers of the run are its own.
  echo "installing ${missing[*]}" >&2
  sudo=$([ "$(id -u)" -eq 0 ] || echo sudo)
  policy=/usr/sbin/policy-rc.d # 101: no service may be started
  if [ ! -e "$policy" ]; then
    trap '$sudo rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod +x "$policy"
  fi
  $sudo apt-get update -qq >&2
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2
)
if $install && [ "${#missing[@]}" -gt 0 ]; then install_missing; fi
if $build; then
  cmake -S "$root" --preset release >/dev/null
  cmake --build "$root/build/release" --target sluiced queue_load slow_sync >&2
fi
exec python3 -B "$here/peers.py" "$@"
