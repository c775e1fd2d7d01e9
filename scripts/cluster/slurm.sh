#!/bin/sh
# A Slurm of its own on loopback, for tests: one controller and two nodes, n1 and n2, on this machine. Needs root and the
# packages slurm-wlm and munge (for accounting slurmdbd and mariadb-server too).
#   slurm.sh start DIR PORT [accounting]   makes DIR if needed, starts it, waits until both nodes are idle. PORT to PORT+2 (and
#                                          PORT+8, PORT+9 with accounting) are used. A second start is the same one.
#   slurm.sh stop DIR                      cancels what runs, ends the daemons (by their pid files) and waits until they are gone
#   slurm.sh controller-down DIR | controller-up DIR
#   slurm.sh node-lost DIR NODE | node-up DIR NODE   kills the daemon of a node and all that its jobs are, or starts it
# Jobs of the partition urgent take the place of those of debug, which go back to the queue.
# Clients need SLURM_CONF=DIR/slurm.conf.
set -eu
PATH=$PATH:/usr/sbin:/sbin
what=$1
dir=$(mkdir -p "$2" && cd "$2" && pwd)
SLURM_CONF=$dir/slurm.conf
export SLURM_CONF
for program in slurmctld slurmd munged sbatch; do
  command -v "$program" >/dev/null || { echo "$program is not installed (packages slurm-wlm and munge)" >&2; exit 69; }
done

lives() {
  pid=$(cat "$1" 2>/dev/null) && kill -0 "$pid" 2>/dev/null && ! grep -q ') Z ' "/proc/$pid/stat" 2>/dev/null
}

# until_true SECONDS COMMAND...
until_true() {
  left=$(($1 * 10))
  shift
  until "$@"; do
    left=$((left - 1))
    [ $left -gt 0 ] || return 1
    sleep 0.1
  done
}

gone() { ! lives "$1"; }
end() {
  lives "$1" || return 0
  kill "$(cat "$1")" 2>/dev/null || true
  until_true 15 gone "$1" || kill -9 "$(cat "$1")" 2>/dev/null || true
}

idle() { [ "$(timeout 2 sinfo -h -N -o %T 2>/dev/null | sort -u)" = idle ]; }
answers() { timeout 2 scontrol ping >/dev/null 2>&1; }
no_jobs() { [ -z "$(timeout 2 squeue -h -o %i 2>/dev/null)" ]; }

stop_all() {
  if lives "$dir/run/slurmctld.pid"; then
    timeout 5 scancel --user="$(id -un)" 2>/dev/null || true
    until_true 10 no_jobs || true
  fi
  for one in slurmd-n1 slurmd-n2 slurmctld slurmdbd mariadbd munged; do end "$dir/run/$one.pid"; done
}

case $what in
  stop) stop_all; exit 0 ;;
  controller-down) end "$dir/run/slurmctld.pid"; exit 0 ;;
  controller-up) lives "$dir/run/slurmctld.pid" || slurmctld; until_true 20 answers; exit 0 ;;
  node-lost)
    kill -9 "$(cat "$dir/run/slurmd-$3.pid")" 2>/dev/null || true
    # Its number may soon be another process's.
    rm -f "$dir/run/slurmd-$3.pid"
    for environ in $(grep -lsz "^SLURMD_NODENAME=$3\$" /proc/[0-9]*/environ); do
      grep -qsz "^SLURM_CONF=$SLURM_CONF\$" "$environ" || continue
      pid=${environ#/proc/}
      pid=${pid%/environ}
      parent=$(ps -o ppid= -p "$pid" | tr -d ' ')
      case $(ps -o args= -p "${parent:-1}") in slurmstepd:*) kill -9 "$parent" 2>/dev/null || true ;; esac
      kill -9 "$pid" 2>/dev/null || true
    done
    exit 0 ;;
  node-up) lives "$dir/run/slurmd-$3.pid" || slurmd -N "$3"; exit 0 ;;
esac

port=$3
accounting=${4:-}
host=$(hostname -s)
lives "$dir/run/slurmctld.pid" && { until_true 20 answers; exit 0; }
mkdir -p "$dir/state" "$dir/log" "$dir/run" "$dir/munge" "$dir/dev" "$dir/spool/n1" "$dir/spool/n2"
chmod 755 "$dir"
chmod 700 "$dir/munge"
# Where no device can be made GPUs are plain files: they are given out, and CUDA_VISIBLE_DEVICES stays empty.
flags='Flags=nvidia_gpu_env '
for number in 0 1; do
  [ -e "$dir/dev/nvidia$number" ] || mknod "$dir/dev/nvidia$number" c 195 $number 2>/dev/null || { : > "$dir/dev/nvidia$number"; flags=; }
done
if ! lives "$dir/run/munged.pid"; then
  [ -f "$dir/munge/key" ] || dd if=/dev/urandom of="$dir/munge/key" bs=1 count=128 2>/dev/null
  chmod 600 "$dir/munge/key"
  munged --force -S "$dir/run/munge.sock" --key-file="$dir/munge/key" --pid-file="$dir/run/munged.pid" \
    --log-file="$dir/log/munged.log" --seed-file="$dir/munge/seed" --num-threads=2
fi
storage='AccountingStorageType=accounting_storage/none'
if [ "$accounting" = accounting ]; then
  storage="AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$((port + 9))
AccountingStoragePass=$dir/run/munge.sock
AccountingStorageTRES=gres/gpu"
fi
cat > "$dir/slurm.conf" <<CONF
ClusterName=ragtest
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A node starts no job again that it has just ended until its credential has expired, by default after two minutes.
AuthInfo=socket=$dir/run/munge.sock,cred_expire=20
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=500
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,bf_interval=1
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=2
MinJobAge=300
InactiveLimit=0
SlurmctldTimeout=30
SlurmdTimeout=10
MessageTimeout=5
JobRequeue=1
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
$storage
GresTypes=gpu
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2 RealMemory=4000 Gres=gpu:2 State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2 RealMemory=4000 Gres=gpu:2 State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=debug Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=n1,n2 MaxTime=INFINITE State=UP PriorityTier=2
CONF
cat > "$dir/gres.conf" <<CONF
AutoDetect=off
NodeName=n[1-2] Name=gpu ${flags}File=$dir/dev/nvidia[0-1]
CONF
if [ "$accounting" = accounting ]; then
  data=$dir/mariadb
  mkdir -p "$data"
  chown mysql "$data"
  [ -d "$data/data" ] || mariadb-install-db --user=mysql --datadir="$data/data" --auth-root-authentication-method=normal >/dev/null
  if ! lives "$dir/run/mariadbd.pid"; then
    mariadbd --no-defaults --user=mysql --datadir="$data/data" --socket="$data/s.sock" --bind-address=127.0.0.1 \
      --port=$((port + 8)) --pid-file="$data/pid" --innodb-buffer-pool-size=64M >"$dir/log/mariadbd.log" 2>&1 </dev/null &
    echo $! > "$dir/run/mariadbd.pid"
  fi
  sql() { mariadb --no-defaults --socket="$data/s.sock" -u root -e "$1" >/dev/null 2>&1; }
  until_true 30 sql 'select 1'
  sql "create database if not exists slurm_acct; create user if not exists slurm@'127.0.0.1' identified by 'x'; grant all on slurm_acct.* to slurm@'127.0.0.1'"
  umask 077
  cat > "$dir/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.sock
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=$((port + 9))
SlurmUser=root
LogFile=$dir/log/slurmdbd.log
PidFile=$dir/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((port + 8))
StorageUser=slurm
StoragePass=x
StorageLoc=slurm_acct
CommunicationParameters=NoInAddrAny
CONF
  lives "$dir/run/slurmdbd.pid" || slurmdbd
  known() { timeout 5 sacctmgr -i add cluster ragtest >/dev/null 2>&1 || timeout 5 sacctmgr -n show cluster ragtest 2>/dev/null | grep -q ragtest; }
  until_true 30 known
fi
slurmctld
until_true 20 answers || { tail -5 "$dir/log/slurmctld.log" >&2; exit 1; }
for node in n1 n2; do lives "$dir/run/slurmd-$node.pid" || slurmd -N $node; done
until_true 30 idle || { sinfo -N -l >&2; tail -5 "$dir/log/slurmctld.log" >&2; exit 1; }
