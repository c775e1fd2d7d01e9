#!/bin/sh
# An OpenSSH server of its own on loopback, for tests: own configuration, host key, user key, port and home folder.
#   sshd.sh start DIR PORT   makes DIR if needed, starts the server, waits until it answers. A second start is the same one.
#   sshd.sh stop DIR         ends the server and its sessions (by their recorded processes)
# DIR/ssh_config is for `ssh -F` (and RAGTUI_SSH_CONFIG): hosts `far` (the server) and `far-proxy` (PORT+1, for a proxy).
# DIR/more_config, if it is there, holds further lines of the server's configuration.
# Commands run in DIR/home with HOME there, after DIR/env.sh. Needs the package openssh-server; no root is needed.
set -eu
PATH=$PATH:/usr/sbin:/sbin
what=$1
dir=$(mkdir -p "$2" && cd "$2" && pwd)
sshd=$(command -v sshd) || { echo "sshd is not installed (package openssh-server)" >&2; exit 69; }

end() {
  [ -f "$dir/sshd.pid" ] || return 0
  pid=$(cat "$dir/sshd.pid")
  # Sessions are children of the server; what jobs started in sessions of their own is not touched.
  for child in $(cat "/proc/$pid/task/$pid/children" 2>/dev/null); do
    for grandchild in $(cat "/proc/$child/task/$child/children" 2>/dev/null); do kill "$grandchild" 2>/dev/null || true; done
    kill "$child" 2>/dev/null || true
  done
  kill "$pid" 2>/dev/null || true
  rm -f "$dir/sshd.pid"
}

if [ "$what" = stop ]; then end; exit 0; fi

port=$3
umask 077
[ -f "$dir/hk" ] || ssh-keygen -q -t ed25519 -N '' -f "$dir/hk"
[ -f "$dir/id" ] || ssh-keygen -q -t ed25519 -N '' -f "$dir/id"
cp "$dir/id.pub" "$dir/ak"
mkdir -p "$dir/home"
[ -f "$dir/env.sh" ] || : > "$dir/env.sh"
[ "$(id -u)" = 0 ] && mkdir -p /run/sshd
cat > "$dir/login.sh" <<LOGIN
#!/bin/sh
HOME='$dir/home'; export HOME
unset RAGTUI_HOME RAGTUI_MODELS_CACHE RAGTUI_ENGINES_CACHE
cd "\$HOME"
. '$dir/env.sh'
exec /bin/sh -c "\$SSH_ORIGINAL_COMMAND"
LOGIN
chmod 700 "$dir/login.sh"
cat > "$dir/sshd_config" <<CONFIG
Port $port
ListenAddress 127.0.0.1
HostKey $dir/hk
AuthorizedKeysFile $dir/ak
PidFile $dir/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers $(id -un)
MaxStartups 100:30:200
MaxSessions 50
ForceCommand $dir/login.sh
CONFIG
[ ! -f "$dir/more_config" ] || cat "$dir/more_config" >> "$dir/sshd_config"
cat > "$dir/ssh_config" <<CONFIG
Host far far-proxy
  HostName 127.0.0.1
  User $(id -un)
  IdentityFile $dir/id
  IdentitiesOnly yes
  UserKnownHostsFile $dir/kh
  StrictHostKeyChecking yes
  HostKeyAlias far
Host far
  Port $port
Host far-proxy
  Port $((port + 1))
CONFIG
printf 'far %s\n' "$(cut -d' ' -f1,2 "$dir/hk.pub")" > "$dir/kh"
if [ -f "$dir/sshd.pid" ] && kill -0 "$(cat "$dir/sshd.pid")" 2>/dev/null; then exit 0; fi
"$sshd" -f "$dir/sshd_config" -E "$dir/sshd.log"
tries=0
until ssh -F "$dir/ssh_config" -o BatchMode=yes -o ConnectTimeout=2 far true 2>/dev/null; do
  tries=$((tries + 1))
  [ $tries -lt 50 ] || { tail -5 "$dir/sshd.log" >&2; exit 1; }
  sleep 0.1
done
