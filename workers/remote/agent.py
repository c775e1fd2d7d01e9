"""The far side of an `ssh:` job: what ragtui asks a host to do, one operation a call.

It comes over stdin with each call (nothing of it is installed) and needs Python 3.6 or later on Linux, no package.
Arguments: its own length in bytes (read by what starts it), then the request as base64 of JSON. The answer is the last
line of stdout as JSON, or frames (`follow`), or a tar stream (`send`). What is on stdin behind the program is data.
What is asked of Slurm is in slurm*.py and checkpoints.py, which come behind this text; whoever sends them calls `main()` at the end.

A folder on the host holds everything: `store/` (models, by hash), `runs/ID/`, `tunes/`, `engines/`. In the folder of a run:
  run.json     keeper and program: pid, start time, boot            log of the keeper: keeper.log
  result.json  how it ended, written last                           stdout.log stderr.log
  beat.json    the keeper's sign of life                            stop, kill: present = asked for
The keeper leads a session of its own and the program another one: a signal to the program's group never reaches it.
"""

import base64
import errno
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time

MARK = ".ragtui-host"
RUN_MARK = "RAGTUI_RUN"
CHUNK = 256 * 1024
BEAT_SECONDS = 2.0
LIVES = ("queued", "running")
RESERVE = b"\1" * 16384


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


# --- files -----------------------------------------------------------------------------------------------------------


def read_json(file):
    try:
        with open(file, encoding="utf-8") as source:
            return json.load(source)
    except (OSError, ValueError):
        return None


def write_json(file, value):
    """Whole or not at all; on a full disk once more after the reserve beside it was given up."""
    try:
        write_whole(file, value)
    except OSError as error:
        reserve = os.path.join(os.path.dirname(file), "reserve")
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not os.path.exists(reserve):
            raise
        os.unlink(reserve)
        write_whole(file, value)


def write_whole(file, value):
    temporary = "%s.%d.tmp" % (file, os.getpid())
    try:
        with open(temporary, "w", encoding="utf-8") as target:
            json.dump(value, target)
            target.write("\n")
            target.flush()
            os.fsync(target.fileno())
        os.replace(temporary, file)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def touch(file):
    with open(file, "a"):
        pass


def make_root(root):
    """Makes our folder. One with files of others never gets our mark: whatever bears it is deleted as a whole."""
    os.makedirs(root, mode=0o700, exist_ok=True)
    if not os.path.exists(os.path.join(root, MARK)) and os.listdir(root):
        # Another one of ours may have made it since.
        if not os.path.exists(os.path.join(root, MARK)):
            raise Refused("permission", "%s holds files that are not of ragtui" % root)
    touch(os.path.join(root, MARK))


def sha256_of(file):
    digest = hashlib.sha256()
    with open(file, "rb") as source:
        for block in iter(lambda: source.read(1024 * 1024), b""):
            digest.update(block)
    return digest.hexdigest()


def files_below(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            file = os.path.join(place, name)
            if os.path.isfile(file) and not os.path.islink(file):
                yield os.path.relpath(file, folder)


# --- processes -------------------------------------------------------------------------------------------------------


def boot_id():
    try:
        with open("/proc/sys/kernel/random/boot_id") as source:
            return source.read().strip()
    except OSError:
        return ""


def stat_of(pid):
    """State, parent and start time of a process; None when it is gone."""
    try:
        with open("/proc/%d/stat" % pid) as source:
            # The name in brackets may hold anything.
            rest = source.read().rpartition(")")[2].split()
        return rest[0], int(rest[1]), rest[19]
    except (OSError, IndexError, ValueError):
        return None


def identity(pid):
    found = stat_of(pid)
    return {"pid": pid, "start": found[2] if found else "", "boot": boot_id()}


def alive(stored):
    """Whether that very process still runs; a zombie does not."""
    if not stored or stored["boot"] != boot_id():
        return False
    found = stat_of(stored["pid"])
    return found is not None and found[2] == stored["start"] and found[0] not in "ZX"


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def below(pid, depth):
    """Pids so many generations below one: a launcher would end at once, and what it launched would go on."""
    generation = {pid}
    for _ in range(depth):
        generation = {one for one in all_pids() for found in [stat_of(one)] if found and found[1] in generation}
    return sorted(generation)


def marked(run, name=RUN_MARK):
    """Pids of everything that came of a run, whoever is its parent now."""
    mark = ("%s=%s" % (name, run)).encode()
    found = []
    for pid in all_pids():
        try:
            with open("/proc/%d/environ" % pid, "rb") as source:
                if mark in source.read().split(b"\0") and pid != os.getpid():
                    found.append(pid)
        except OSError:
            pass
    return found


def send_signal(pid, what):
    try:
        os.kill(pid, what)
    except OSError:
        pass


def ask_to_end(pid, depth):
    """TERM to the processes so many generations below a program, or to itself where there are none."""
    for one in below(pid, depth) or [pid]:
        send_signal(one, signal.SIGTERM)


def end_all(run, program):
    """KILL to the program's group and to all that bears the run's mark."""
    if program and alive(program):
        try:
            os.killpg(program["pid"], signal.SIGKILL)
        except OSError:
            pass
    for pid in marked(run):
        send_signal(pid, signal.SIGKILL)


def oom_kills():
    try:
        with open("/proc/vmstat") as source:
            return next((int(line.split()[1]) for line in source if line.startswith("oom_kill ")), 0)
    except OSError:
        return 0


# --- runs ------------------------------------------------------------------------------------------------------------


def run_folder(request):
    return os.path.join(request["root"], "runs", request["run"])


def status_of(folder):
    """state: none, queued, running, over (it left a result) or lost (it left none)."""
    if is_slurm(folder):
        return slurm_files(folder)
    # Processes before the result: one that ends between the two has written it before.
    run = read_json(os.path.join(folder, "run.json"))
    keeper, program = (run or {}).get("keeper"), (run or {}).get("program")
    lives = alive(keeper), alive(program)
    result = read_json(os.path.join(folder, "result.json"))
    beat = read_json(os.path.join(folder, "beat.json"))
    answer = {"state": "none", "keeper": lives[0], "program": lives[1], "result": result, "gpus": [], "waits": ""}
    if run:
        answer.update(startedAt=run.get("startedAt", ""), gpus=run.get("gpus", []))
    if beat and lives[0]:
        answer.update(beat=beat["beat"], waits=beat.get("waits", ""))
    if result:
        answer["state"] = "over"
    elif any(lives):
        answer["state"] = "running" if program else "queued"
    elif run or os.path.exists(os.path.join(folder, "started")):
        answer["state"] = "lost"
    return answer


def start(request):
    """Starts a run once, however often it is asked for: a connection may break between the start and the answer."""
    folder = run_folder(request)
    make_root(request["root"])
    os.makedirs(folder, mode=0o700, exist_ok=True)
    try:
        os.close(os.open(os.path.join(folder, "started"), os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return settled(folder)
    if request.get("secretBytes"):
        # Arguments are seen by others: what nobody is to see comes behind the program.
        request["env"] = dict(request.get("env", {}), **json.loads(sys.stdin.buffer.read(request["secretBytes"]).decode()))
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            detach(folder)
            status = 1
            try:
                keep(folder, request)
                status = 0
            finally:
                os._exit(status)
        os._exit(0)
    return settled(folder)


def settled(folder):
    for _ in range(200):
        status = status_of(folder)
        if status["state"] not in ("none", "lost"):
            return status
        time.sleep(0.05)
    return status_of(folder)


def detach(folder):
    log = os.open(os.path.join(folder, "keeper.log"), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # Whatever ssh gave us besides would keep its connection open.
    os.closerange(3, 256)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)


def keep(folder, request):
    at = lambda name: os.path.join(folder, name)
    with open(at("reserve"), "wb") as reserve:
        reserve.write(RESERVE)
    run = {
        "keeper": identity(os.getpid()),
        "program": None,
        "gpus": [],
        "startedAt": now(),
        "depth": request.get("depth", 0),
    }
    write_json(at("run.json"), run)
    # A TERM to the keeper is a request to stop the run.
    signal.signal(signal.SIGTERM, lambda *_: touch(at("stop")))
    oom = oom_kills()
    began = time.monotonic()
    heart = Heart(at("beat.json"))
    try:
        locks = take_gpus(request, at("stop"), heart)
    except Refused as error:
        write_json(at("result.json"), result_of(127, began, oom, False, str(error)))
        return
    if locks is None:
        write_json(at("result.json"), result_of(None, began, oom, True, ""))
        return
    run["gpus"] = [index for index, _ in locks]
    try:
        program = launch(folder, request, locks)
    except OSError as error:
        write_json(at("result.json"), result_of(127, began, oom, False, "%s: %s" % (request["argv"][0], error.strerror)))
        return
    run["program"] = identity(program.pid)
    write_json(at("run.json"), run)
    stopped = watch(program, at, request, heart)
    for pid in marked(request["run"]):
        send_signal(pid, signal.SIGKILL)
    write_json(at("result.json"), result_of(program.returncode, began, oom, stopped, ""))


def launch(folder, request, locks, logs=("stdout.log", "stderr.log")):
    """The program in a session of its own, with the run's mark; what it prints is appended to the run's logs."""
    environment = dict(os.environ)
    environment.update(request.get("env", {}))
    if "HOME" in request.get("env", {}):
        os.makedirs(environment["HOME"], mode=0o700, exist_ok=True)
    if request.get("pathFirst"):
        environment["PATH"] = os.pathsep.join([request["pathFirst"], environment.get("PATH", "/usr/bin:/bin")])
    environment[RUN_MARK] = request["run"]
    if locks:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(str(index) for index, _ in locks)
    at = lambda name: os.path.join(folder, name)
    with open(at(logs[0]), "ab") as out, open(at(logs[1]), "ab") as err:
        return subprocess.Popen(
            request["argv"],
            cwd=request.get("cwd", folder),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            # An orphaned program keeps its GPUs.
            pass_fds=[fd for _, fd in locks],
        )


def watch(program, at, request, heart):
    """Until the program ends: TERM when asked to stop, KILL after the grace or when asked for. Whether it was asked."""
    asked = None
    while program.poll() is None:
        heart.beat("")
        if asked is None and os.path.exists(at("stop")):
            asked = time.monotonic()
            ask_to_end(program.pid, request.get("depth", 0))
        late = asked is not None and time.monotonic() - asked > request.get("grace", 120)
        if late or os.path.exists(at("kill")):
            end_all(request["run"], identity(program.pid))
        time.sleep(0.1)
    return asked is not None or os.path.exists(at("kill"))


def result_of(code, began, oom, stopped, error):
    return {
        "code": code if code is None or code >= 0 else None,
        "signal": signal.Signals(-code).name if code is not None and code < 0 else None,
        "stopped": stopped,
        "oom": oom_kills() > oom,
        "error": error,
        "seconds": round(time.monotonic() - began, 3),
        "endedAt": now(),
    }


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Heart:
    def __init__(self, file):
        self.file, self.count, self.last, self.waits = file, 0, 0.0, None

    def beat(self, waits):
        if time.monotonic() - self.last < BEAT_SECONDS and waits == self.waits:
            return
        self.last, self.waits = time.monotonic(), waits
        self.count += 1
        try:
            write_whole(self.file, {"beat": self.count, "time": now(), "waits": waits})
        except OSError:
            pass  # A full disk: the processes themselves tell whether it lives.


def take_gpus(request, stop, heart):
    """So many GPUs for the run alone, waited for: a lock file each, held as long as anything of the run lives."""
    wanted = request.get("gpus", 0)
    if not wanted:
        return []
    import fcntl

    folder = os.path.join(request["root"], "gpus")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    total = request["gpusThere"]
    if wanted > total:
        raise Refused("unsupported", "%d GPUs are asked for and there are %d" % (wanted, total))
    while True:
        held = []
        for index in range(total):
            fd = os.open(os.path.join(folder, "%d.lock" % index), os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held.append((index, fd))
            except OSError:
                os.close(fd)
            if len(held) == wanted:
                return held
        for _, fd in held:
            os.close(fd)
        heart.beat("waits for %d of %d GPUs there" % (wanted, total))
        if os.path.exists(stop):
            return None
        time.sleep(0.5)


def stop(request):
    """Asks a run to stop (or ends it); without its keeper we do it ourselves."""
    folder = run_folder(request)
    status = status_of(folder)
    if status["state"] in ("none", "over"):
        return status
    if is_slurm(folder):
        return slurm_stop(folder, request)
    try:
        touch(os.path.join(folder, "kill" if request.get("kill") else "stop"))
    except OSError:
        if not status["keeper"]:
            raise
    run = read_json(os.path.join(folder, "run.json")) or {}
    if not status["keeper"]:
        if request.get("kill"):
            end_all(request["run"], run.get("program"))
        elif status["program"]:
            ask_to_end(run["program"]["pid"], run.get("depth", 0))
    elif not request.get("kill"):
        send_signal(run["keeper"]["pid"], signal.SIGTERM)
    return status_of(folder)


# --- following -------------------------------------------------------------------------------------------------------


def follow(request):
    """Frames until the run is over: `{"file", "at", "bytes"}` and so many bytes; or a line with `status` or `end`."""
    folder = run_folder(request)
    out = sys.stdout.buffer
    offsets = {name: one["from"] for name, one in request["files"].items()}
    told, last = 0.0, None
    queue = Queue(folder, request.get("every", 5)) if is_slurm(folder) else None
    session = request.get("session")
    while True:
        status = status_of(folder)
        if queue:
            status["slurm"] = queue.latest
            # Slurm began it anew from a checkpoint: rows that are done again were taken out.
            if session and status["session"] != session:
                for name in [name for name, one in request["files"].items() if one.get("anew")]:
                    offsets[name] = 0
                    frame(out, {"file": name, "reset": True})
            if session != status["session"]:
                session, last = status["session"], None
        made = checkpoints(request.get("checkpoints"))
        what = (status["state"], status["waits"], made, status.get("slurm"))
        if what != last or time.monotonic() - told > BEAT_SECONDS:
            frame(out, {"status": status, "checkpoints": made})
            told, last = time.monotonic(), what
        busy = False
        for name, one in request["files"].items():
            busy = pass_on(out, name, os.path.join(folder, one["path"]), offsets) or busy
        # `last`: whoever asks knows already that it is over.
        if (status["state"] in ("none", "over", "lost") or request.get("last")) and not busy:
            frame(out, {"end": status})
            return
        if not busy:
            time.sleep(0.2)


def pass_on(out, name, file, offsets):
    try:
        with open(file, "rb") as source:
            size = os.fstat(source.fileno()).st_size
            if size < offsets[name]:
                offsets[name] = 0
                frame(out, {"file": name, "reset": True})
            source.seek(offsets[name])
            data = source.read(CHUNK)
    except OSError:
        return False
    if not data:
        return False
    frame(out, {"file": name, "at": offsets[name], "bytes": len(data)}, data)
    offsets[name] += len(data)
    return True


def frame(out, head, data=b""):
    out.write(json.dumps(head).encode() + b"\n" + data)
    out.flush()


def checkpoints(folder):
    try:
        names = os.listdir(folder) if folder else []
    except OSError:
        return []
    whole = lambda name: os.path.exists(os.path.join(folder, name, "trainer_state.json")) and not os.path.exists(
        os.path.join(folder, name, "checkpoint-is-incomplete.txt")
    )
    return sorted(name for name in names if name.startswith("checkpoint-") and whole(name))


# --- folders ---------------------------------------------------------------------------------------------------------


def hashes(request):
    folder = request["folder"]
    names = request.get("names")
    chosen = sorted(files_below(folder)) if names is None else [n for n in names if os.path.isfile(os.path.join(folder, n))]
    return {name: [os.path.getsize(os.path.join(folder, name)), sha256_of(os.path.join(folder, name))] for name in chosen}


def listing(request):
    folder = request["folder"]
    return {name: os.path.getsize(os.path.join(folder, name)) for name in sorted(files_below(folder))}


def receive(request):
    """Unpacks a tar stream into a folder: files and folders alone, and nothing outside of it."""
    folder = os.path.realpath(request["folder"])
    os.makedirs(folder, mode=0o700, exist_ok=True)
    count = 0
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
        for member in archive:
            target = os.path.realpath(os.path.join(folder, member.name))
            if not (target + os.sep).startswith(folder + os.sep) or not (member.isreg() or member.isdir()):
                raise Refused("invalid", "%s leads out of the folder" % member.name)
            if member.isdir():
                os.makedirs(target, mode=0o700, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
            with archive.extractfile(member) as source, open(target + ".part", "wb") as file:
                shutil.copyfileobj(source, file, CHUNK)
            os.utime(target + ".part", (member.mtime, member.mtime))
            os.replace(target + ".part", target)
            count += 1
    return {"files": count}


def send(request):
    folder = request["folder"]
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
        for name in request["names"]:
            archive.add(os.path.join(folder, name), arcname=name, recursive=False)
    sys.stdout.flush()


def make(request):
    make_root(request["root"])
    for folder in request["folders"]:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    disk = os.statvfs(request["root"])
    return {"free": disk.f_bavail * disk.f_frsize}


def drop(request):
    """Deletes files and folders of ours by their names below the root."""
    for name in request["names"]:
        place = os.path.realpath(os.path.join(request["root"], name))
        if not place.startswith(os.path.realpath(request["root"]) + os.sep):
            raise Refused("invalid", "%s leads out of the folder" % name)
        if os.path.isdir(place):
            shutil.rmtree(place)
        elif os.path.exists(place):
            os.unlink(place)
    return {}


def publish(request):
    """A folder that is whole takes its name; one that has it already is the same."""
    part, final = request["part"], request["final"]
    if os.path.isdir(final):
        shutil.rmtree(part, ignore_errors=True)
    else:
        os.rename(part, final)
    return {}


def engines(request):
    """What says of each engine that its environment is whole, where its Python is there."""
    found = {name: read_json(os.path.join(request["folder"], name, "engine.json")) for name in request["names"]}
    there = lambda one: isinstance(one, dict) and isinstance(one.get("python"), str) and os.path.exists(one["python"])
    return {name: one if there(one) else None for name, one in found.items()}


def look(request):
    """What this host does now, in one answer: cores, memory, disk, GPUs and whose they are, our runs, engines."""
    root = request["root"]
    before, began = cpu_times(), time.monotonic()
    cards = nvidia_smi(request["cards"])
    processes = nvidia_smi(request["processes"]) if cards["code"] == 0 else {"code": cards["code"], "output": ""}
    time.sleep(max(0.0, 0.2 - (time.monotonic() - began)))
    place = root
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    disk = os.statvfs(place)
    memory = memory_bytes()
    return {
        "cpu": busy_share(before, cpu_times()),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "load": os.getloadavg()[0],
        "memoryTotal": memory.get("MemTotal"),
        "memoryAvailable": memory.get("MemAvailable"),
        "disk": {"place": place, "total": disk.f_blocks * disk.f_frsize, "free": disk.f_bavail * disk.f_frsize},
        "cards": cards,
        "processes": processes,
        "owners": owners_of(line.split(",")[0].strip() for line in processes["output"].splitlines()),
        # One may have ended since it was found.
        "runs": [seen for seen in [run_seen(root, one) for one in live_runs(root)] if seen["state"] in LIVES],
        "engines": engines(request),
    }


def run_seen(root, run):
    status = status_of(os.path.join(root, "runs", run))
    seen = {name: status[name] for name in ("state", "gpus", "waits")}
    return dict(seen, run=run, startedAt=status.get("startedAt", ""))


def nvidia_smi(arguments):
    """Its exit code and what it said; None: there is no such program. It hangs where a driver is broken."""
    try:
        done = subprocess.run(
            ["nvidia-smi"] + arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=10
        )
    except FileNotFoundError:
        return {"code": None, "output": ""}
    except (OSError, subprocess.SubprocessError) as error:
        return {"code": -1, "output": str(error)}
    return {"code": done.returncode, "output": done.stdout.decode("utf-8", "replace")}


def owners_of(pids):
    """The run of each of these processes that bears a run's mark; those of others cannot be looked into."""
    mark = (RUN_MARK + "=").encode()
    found = {}
    for pid in pids:
        if not pid.isdigit():
            continue
        try:
            with open("/proc/%s/environ" % pid, "rb") as source:
                runs = [one[len(mark) :].decode() for one in source.read().split(b"\0") if one.startswith(mark)]
        except (OSError, ValueError):
            continue
        if runs:
            found[pid] = runs[0]
    return found


def cpu_times():
    """Idle and all time of the cores so far; None where /proc does not tell."""
    try:
        with open("/proc/stat") as source:
            times = [int(one) for one in source.readline().split()[1:9]]
        return times[3] + times[4], sum(times)
    except (OSError, ValueError, IndexError):
        return None


def busy_share(before, after):
    if not before or not after or after[1] <= before[1]:
        return None
    return max(0.0, min(1.0, 1 - (after[0] - before[0]) / float(after[1] - before[1])))


def memory_bytes():
    try:
        with open("/proc/meminfo") as source:
            rows = [line.split() for line in source]
        return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if len(row) >= 2}
    except (OSError, ValueError):
        return {}


def port(request):
    """A port of loopback that nobody has at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return {"port": one.getsockname()[1]}


def exists(request):
    return {"there": os.path.exists(request["place"])}


def run_ids(root):
    runs = os.path.join(root, "runs")
    return sorted(os.listdir(runs)) if os.path.isdir(runs) else []


def live_runs(root):
    at = lambda one: os.path.join(root, "runs", one)
    found = [one for one in run_ids(root) if status_of(at(one))["state"] in LIVES]
    gone = slurm_gone([at(one) for one in found if is_slurm(at(one))])
    return [one for one in found if at(one) not in gone]


def usage(request):
    root = request["root"]
    parts = sorted(os.listdir(root)) if os.path.isdir(root) else []
    size = lambda name: sum(os.lstat(os.path.join(root, name, file)).st_size for file in files_below(os.path.join(root, name)))
    sizes = {name: size(name) for name in parts}
    return {"there": os.path.isdir(root), "runs": len(run_ids(root)), "live": live_runs(root), "bytes": sizes}


def clean(request):
    """Ends what runs (when told to) and deletes the folder with all in it. Only a folder that bears our mark."""
    root = request["root"]
    if not os.path.isdir(root):
        return {"there": False, "live": []}
    if not os.path.exists(os.path.join(root, MARK)):
        raise Refused("permission", "%s has no %s in it: it is not a folder of ragtui" % (root, MARK))
    live = live_runs(root)
    if live and not request.get("stop"):
        return {"there": True, "live": live}
    for one in live:
        stop({"root": root, "run": one, "kill": True})
    for _ in range(100):
        left = live_runs(root)
        if not left:
            break
        time.sleep(0.1)
    else:
        return {"there": True, "live": left}
    shutil.rmtree(root)
    return {"there": False, "live": live}


def main():
    request = json.loads(base64.urlsafe_b64decode(sys.argv[2]))
    os.umask(0o077)
    for name in ("root", "folder"):
        if name in request:
            request[name] = os.path.abspath(os.path.expanduser(request[name]))
    operations = [start, stop, follow, hashes, listing, receive, send, make, drop, publish, engines, port, exists, look, usage, clean]
    operations += [slurm_submit, slurm_submit_array, slurm_keep, slurm_node]
    operations = {one.__name__: one for one in operations}
    operations["status"] = lambda asked: full_status(run_folder(asked))
    try:
        answer = operations[request["op"]](request)
    except BrokenPipeError:
        os._exit(1)  # Nobody listens any more.
    except (Refused, OSError, tarfile.TarError) as error:
        codes = {errno.ENOSPC: "disk-full", errno.EDQUOT: "disk-full", errno.EACCES: "permission", errno.EROFS: "permission"}
        code = getattr(error, "code", None) or codes.get(getattr(error, "errno", None), "internal")
        where = getattr(error, "filename", None)
        said = getattr(error, "strerror", None) or str(error)
        answer = {"error": {"code": code, "message": "%s: %s" % (where, said) if where else said}}
    if answer is not None:
        sys.stdout.write("\n" + json.dumps(answer) + "\n")
        sys.stdout.flush()
