#!/bin/sh
# A Milvus Lite server (the Milvus protocol in one process) on loopback, for tests.
#   milvus.sh install          makes its Python environment; done by start where it is missing
#   milvus.sh start DIR PORT   starts the server over DIR/data and waits until it answers. A second start is the same one.
#   milvus.sh stop DIR         ends it as a person would, so that it writes what it holds; `kill` ends it in the middle
# The environment lies outside the repository, in RAGTUI_MILVUS (default: the cache folder of the user). Needs python3,
# 3.11 or newer, with venv.
# It knows no users and no TLS: what tests say of these stands before a gateway of theirs.
set -eu
what=$1
here=$(cd "$(dirname "$0")" && pwd)
venv=${RAGTUI_MILVUS:-${XDG_CACHE_HOME:-$HOME/.cache}/ragtui-milvus}

install() {
  [ -f "$venv/lock" ] && cmp -s "$venv/lock" "$here/milvus.lock" && return 0
  python3 -m venv --clear "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$here/milvus.lock"
  cp "$here/milvus.lock" "$venv/lock"
}

if [ "$what" = install ]; then install; exit 0; fi
dir=$(mkdir -p "$2" && cd "$2" && pwd)

# A zombie still takes signals.
alive() { [ -f "$dir/pid" ] && grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$(cat "$dir/pid")/status" 2> /dev/null; }

if [ "$what" = stop ] || [ "$what" = kill ]; then
  alive || exit 0
  if [ "$what" = stop ]; then kill -INT "$(cat "$dir/pid")"; else kill -KILL "$(cat "$dir/pid")"; fi
  tries=0
  while alive && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
  if alive; then kill -KILL "$(cat "$dir/pid")"; fi
  rm -f "$dir/pid"
  exit 0
fi

port=$3
alive && exit 0
install
: > "$dir/log"
# Not with "&": a shell starts such a process deaf to SIGINT, and this server ends cleanly on nothing else.
setsid --fork sh -c 'echo $$ > "$1/pid"; exec "$2/bin/python" -u "$2/bin/milvus-lite" server --data-dir "$1/data" --host 127.0.0.1 --port "$3"' \
  sh "$dir" "$venv" "$port" >> "$dir/log" 2>&1 < /dev/null
tries=0
until grep -q listening "$dir/log"; do
  tries=$((tries + 1))
  { [ $tries -lt 600 ] && { [ $tries -lt 20 ] || alive; }; } || { tail -5 "$dir/log" >&2; exit 1; }
  sleep 0.1
done
