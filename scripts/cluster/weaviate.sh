#!/bin/sh
# Weaviate on loopback, one node or several that make a cluster, for tests.
#   weaviate.sh install               builds the server with go (1.25 or newer, no C compiler); done by start where it is missing
#   weaviate.sh start DIR PORT COUNT  starts those of COUNT nodes that do not run and waits until all are ready.
#                                     Node N (0, 1, …) answers at PORT+N; its other ports are PORT+10+10·N and the next four
#   weaviate.sh kill DIR N            SIGKILL for one node; start brings it back
#   weaviate.sh stop DIR              ends all nodes as a person would
# The server lies outside the repository, in RAGTUI_WEAVIATE (default: the cache folder of the user). DIR/key is the API key that clients need. Where
# DIR/tls.crt and DIR/tls.key are, clients are answered by TLS. WEAVIATE_ASYNC_INDEXING=true: indexed behind a queue on
# disk. What the nodes say to each other is not on loopback only
# (Weaviate cannot be told so); it needs a password that is drawn here.
set -eu
version=v1.35.2
what=$1
cache=${RAGTUI_WEAVIATE:-${XDG_CACHE_HOME:-$HOME/.cache}/ragtui-weaviate}/$version

install() {
  [ -x "$cache/weaviate-server" ] && return 0
  command -v go > /dev/null || { echo "go is not installed (1.25 or newer)" >&2; exit 69; }
  mkdir -p "$cache"
  GOBIN=$cache CGO_ENABLED=0 GOFLAGS=-buildvcs=false nice -n 5 \
    go install -trimpath -ldflags='-s -w' "github.com/weaviate/weaviate/cmd/weaviate-server@$version"
}

if [ "$what" = install ]; then install; exit 0; fi
dir=$(mkdir -p "$2" && cd "$2" && pwd)

# A zombie still takes signals.
alive() { [ -f "$dir/$1/pid" ] && grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$(cat "$dir/$1/pid")/status" 2> /dev/null; }

# end SIGNAL NODE
end() {
  alive "$2" || return 0
  kill "-$1" "$(cat "$dir/$2/pid")"
  tries=0
  while alive "$2" && [ $tries -lt 300 ]; do tries=$((tries + 1)); sleep 0.1; done
  if alive "$2"; then kill -KILL "$(cat "$dir/$2/pid")"; fi
  rm -f "$dir/$2/pid"
}

if [ "$what" = kill ]; then end KILL "$3"; exit 0; fi
if [ "$what" = stop ]; then
  for pid in "$dir"/*/pid; do [ -f "$pid" ] && kill -TERM "$(cat "$pid")" 2> /dev/null || true; done
  for pid in "$dir"/*/pid; do [ -f "$pid" ] && end TERM "$(basename "$(dirname "$pid")")"; done
  exit 0
fi

port=$3
count=${4:-1}
install
umask 077
[ -f "$dir/key" ] || od -An -N16 -tx1 /dev/urandom | tr -d ' \n' > "$dir/key"
[ -f "$dir/inner" ] || od -An -N16 -tx1 /dev/urandom | tr -d ' \n' > "$dir/inner"
async=${WEAVIATE_ASYNC_INDEXING:-false}
scheme=http
way="--scheme http --host 127.0.0.1 --port"
if [ -f "$dir/tls.crt" ]; then
  scheme=https
  way="--scheme https --tls-certificate $dir/tls.crt --tls-key $dir/tls.key --tls-host 127.0.0.1 --tls-port"
fi
join=
node=0
while [ $node -lt "$count" ]; do
  join=$join${join:+,}node-$node:$((port + 10 + 10 * node + 3))
  node=$((node + 1))
done

# run NODE: joins those that run. The first one of all has nobody to join.
run() {
  own=$((port + 10 + 10 * $1))
  mkdir -p "$dir/$1/data"
  CLUSTER_JOIN=
  other=0
  while [ $other -lt "$count" ]; do
    if [ $other != "$1" ] && alive $other; then CLUSTER_JOIN=$CLUSTER_JOIN${CLUSTER_JOIN:+,}127.0.0.1:$((port + 11 + 10 * other)); fi
    other=$((other + 1))
  done
  export CLUSTER_JOIN
  # shellcheck disable=SC2086
  CLUSTER_HOSTNAME=node-$1 CLUSTER_IN_LOCALHOST=true CLUSTER_BIND_ADDR=127.0.0.1 CLUSTER_ADVERTISE_ADDR=127.0.0.1 \
    GRPC_PORT=$own CLUSTER_GOSSIP_BIND_PORT=$((own + 1)) CLUSTER_DATA_BIND_PORT=$((own + 2)) \
    RAFT_PORT=$((own + 3)) RAFT_INTERNAL_RPC_PORT=$((own + 4)) RAFT_JOIN=$join RAFT_BOOTSTRAP_EXPECT=$count \
    CLUSTER_BASIC_AUTH_USERNAME=inner CLUSTER_BASIC_AUTH_PASSWORD=$(cat "$dir/inner") \
    AUTHENTICATION_APIKEY_ENABLED=true AUTHENTICATION_APIKEY_ALLOWED_KEYS=$(cat "$dir/key") AUTHENTICATION_APIKEY_USERS=tests \
    AUTHORIZATION_ADMINLIST_ENABLED=true AUTHORIZATION_ADMINLIST_USERS=tests AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=false \
    PERSISTENCE_DATA_PATH=$dir/$1/data DISABLE_TELEMETRY=true API_BASED_MODULES_DISABLED=true GO_PROFILING_DISABLE=true \
    DEFAULT_VECTORIZER_MODULE=none ASYNC_INDEXING=$async ASYNC_REPLICATION_FREQUENCY=2s ASYNC_REPLICATION_PROPAGATION_DELAY=2s \
    FAST_FAILURE_DETECTION=true RAFT_TIMEOUTS_MULTIPLIER=2 GOMAXPROCS=2 GOMEMLIMIT=1GiB LOG_LEVEL=warning \
    setsid --fork sh -c 'echo $$ > "$1/pid"; shift; exec "$@"' sh "$dir/$1" "$cache/weaviate-server" $way $((port + $1)) \
    >> "$dir/$1/log" 2>&1 < /dev/null
  # The next one joins it.
  until_so "$1" gossips "$1"
}

# until_so NODE CONDITION…: waits for a minute, or until the node has ended
until_so() {
  watched=$1
  shift
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    { [ $tries -lt 600 ] && { [ $tries -lt 20 ] || alive "$watched"; }; } || { tail -5 "$dir/$watched/log" >&2; exit 1; }
    sleep 0.1
  done
}

# Anything but "connection refused" (7).
gossips() {
  said=0
  curl -s -o /dev/null --max-time 1 "http://127.0.0.1:$((port + 11 + 10 * $1))/" || said=$?
  [ $said != 7 ]
}

# Ready, and all nodes healthy in its eyes.
ready() {
  found=$(curl -kfs --max-time 2 -H "authorization: Bearer $(cat "$dir/key")" "$scheme://127.0.0.1:$((port + $1))/v1/nodes" \
    | grep -o '"status":"HEALTHY"' | wc -l)
  [ "$found" -ge "$count" ] && curl -kfs -o /dev/null --max-time 2 "$scheme://127.0.0.1:$((port + $1))/v1/.well-known/ready"
}

node=0
while [ $node -lt "$count" ]; do
  alive $node || run $node
  node=$((node + 1))
done
node=0
while [ $node -lt "$count" ]; do
  until_so $node ready $node
  node=$((node + 1))
done
