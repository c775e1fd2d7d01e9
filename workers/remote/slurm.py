"""The far side of a `slurm:` job; comes behind agent.py and uses what is there.

Besides what agent.py names, in the folder of a run:
  slurm.json    the job's number                     keeper.py, request.json, batch.sh    what the job runs
  session.json  how often it was begun, from which   left.json    the session that ended in good order without an end
                step, where, its keeper's program     batch.log    what Slurm and the script printed
  submitting    sbatch was begun, and may be heard    gone.json    the job that Slurm has no more
The keeper is the job's batch process: it starts the engine on the node, asks it for a checkpoint when the time limit
comes near or Slurm takes the node away, and lets Slurm begin it anew from there. Login and compute nodes share the folder.
"""

import fcntl
import re
import threading

ASK_SECONDS = 10
SUBMIT_SECONDS = 40
LOG_TAIL = 2000
UNREACHED = re.compile(
    r"unable to contact slurm controller|connection (refused|timed out)|socket timed out|communication connection failure"
    r"|unable to connect|zero bytes were transmitted|address already in use|no route to host|transport endpoint"
    r"|in standby mode",
    re.I,
)


def is_slurm(folder):
    return os.path.exists(os.path.join(folder, "batch.sh"))


def slurm_command(argv, seconds):
    """One of Slurm's commands with a time limit: without a controller they hang. Code: null = late, 127 = not there."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SLURM_", "SBATCH_"))}
    environment.update(SLURM_TIME_FORMAT="%s", LC_ALL="C")
    if "SLURM_CONF" in os.environ:
        environment["SLURM_CONF"] = os.environ["SLURM_CONF"]
    answer = {"tool": argv[0], "code": None, "out": "", "err": ""}
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            errors="replace",
            timeout=seconds,
            env=environment,
        )
        answer.update(code=done.returncode, out=done.stdout, err=done.stderr.strip()[:500])
    except subprocess.TimeoutExpired:
        answer["err"] = "no answer in %d seconds" % seconds
    except OSError as error:
        answer.update(code=127, err="%s: %s" % (argv[0], error.strerror))
    return answer


def unreached(answer):
    return answer["code"] is None or (answer["code"] != 0 and UNREACHED.search(answer["err"]) is not None)


# --- on the login node -----------------------------------------------------------------------------------------------


def slurm_submit(request):
    """Hands a run to Slurm once, however often it is asked for."""
    folder = run_folder(request)
    at = lambda name: os.path.join(folder, name)
    make_root(request["root"])
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with open(at("submit.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # `result.json`: it was stopped before there was a job.
        if not os.path.exists(at("slurm.json")) and not os.path.exists(at("result.json")):
            # An earlier attempt may have been cut off behind sbatch.
            job = named_job(request["run"]) if os.path.exists(at("submitting")) else None
            if job is None:
                with open(at("keeper.py"), "w", encoding="utf-8") as file:
                    file.write(source.decode("utf-8"))
                write_json(at("request.json"), request)
                with open(at("batch.sh"), "w", encoding="utf-8") as file:
                    file.write(request["script"])
                touch(at("submitting"))
                try:
                    job = sbatch(folder, request)
                except Refused as error:
                    if error.code != "network":
                        # There is no job: whoever asks after this run is to hear that nothing came of it.
                        for name in ("batch.sh", "submitting"):
                            os.unlink(at(name))
                    raise
            write_json(at("slurm.json"), {"job": job, "submitted": int(time.time())})
    return full_status(folder)


def sbatch(folder, request):
    argv = ["sbatch", "--parsable"] + request["options"] + [os.path.join(folder, "batch.sh")]
    answer = slurm_command(argv, SUBMIT_SECONDS)
    if unreached(answer):
        raise Refused("network", "Slurm's controller cannot be reached: %s" % last_line(answer["err"]))
    if answer["code"] == 127:
        raise Refused("unavailable", "there is no Slurm (sbatch is not on PATH)")
    if answer["code"] != 0:
        raise Refused("invalid", "Slurm refused the job: %s" % last_line(answer["err"]))
    return answer["out"].strip().split("\n")[-1].split(";")[0]


def last_line(text):
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return re.sub(r"^\w+: error: (Batch job submission failed: )?", "", lines[-1]) if lines else "it said nothing"


def named_job(run):
    """The job of a run by its name, which is the run's; None where Slurm says that there is none."""
    answer = slurm_command(["squeue", "-h", "--name=" + run, "-o", "%A"], ASK_SECONDS)
    if answer["code"] == 127:
        raise Refused("unavailable", "there is no Slurm (squeue is not on PATH)")
    if answer["code"] != 0:
        raise Refused("network", "Slurm's controller cannot be reached: %s" % last_line(answer["err"]))
    found = answer["out"].split()
    return found[0] if found else None


def slurm_files(folder):
    """How a run stands by its files alone; what Slurm says of it is added by who asks it."""
    read = lambda name: read_json(os.path.join(folder, name))
    session, result, beat = read("session.json"), read("result.json"), read("beat.json")
    state = "over" if result else "running" if session and session.get("program") else "queued"
    return {
        "state": state,
        "keeper": False,
        "program": False,
        "result": result,
        "gpus": [],
        "waits": "",
        "beat": (beat or {}).get("beat", 0),
        "session": (session or {}).get("session", 0),
        "resumedAt": (session or {}).get("resumedAt", 0),
    }


def full_status(folder):
    status = status_of(folder)
    if is_slurm(folder):
        status["slurm"] = slurm_asked(folder)
    return status


def slurm_asked(folder):
    """What Slurm says of a job, as it says it: from the command that knows it still."""
    number = (read_json(os.path.join(folder, "slurm.json")) or {}).get("job")
    asked = any(os.path.exists(os.path.join(folder, name)) for name in ("stop", "kill"))
    told = {"job": number or "", "asked": asked, "answers": [], "position": None, "now": int(time.time()), "log": ""}
    if number is None:
        return told
    told["log"] = tail_of(os.path.join(folder, "batch.log"))
    accounting = ["sacct", "-X", "-n", "-P", "-j", number, "-o", "JobID,State,ExitCode,Start,End,NodeList,Reason"]
    for argv in (
        ["scontrol", "show", "job", "-o", number],
        ["squeue", "-h", "--states=all", "-j", number, "-o", "%i|%T|%r|%S|%e|%N|%P"],
        accounting,
    ):
        answer = slurm_command(argv, ASK_SECONDS)
        answer["out"] = answer["out"][:4000]
        told["answers"].append(answer)
        if unreached(answer) or (answer["code"] == 0 and answer["out"].strip()):
            break
    out = told["answers"][-1]["out"]
    if "JobState=CANCELLED" in out:
        # By whom, it alone knows.
        told["answers"].append(slurm_command(accounting, ASK_SECONDS))
    if "JobState=PENDING" in out:
        partition = re.search(r"\bPartition=(\S+)", out)
        told["position"] = position_of(number, partition.group(1)) if partition else None
    return told


def position_of(number, partition):
    """Its place among those that wait in its partition, by priority; from 1."""
    answer = slurm_command(["squeue", "-h", "-t", "PENDING", "-p", partition, "--sort=-p,i", "-o", "%A"], ASK_SECONDS)
    waiting = answer["out"].split()
    return {"at": waiting.index(number) + 1, "of": len(waiting)} if number in waiting else None


def tail_of(file):
    try:
        with open(file, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - LOG_TAIL))
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""


class Queue:
    """Asks Slurm again and again, beside whoever copies files: it may take its time to answer."""

    def __init__(self, folder, every):
        self.folder, self.every, self.latest = folder, every, None
        threading.Thread(target=self.ask, daemon=True).start()

    def ask(self):
        while True:
            try:
                self.latest = slurm_asked(self.folder)
            except OSError:
                pass
            time.sleep(self.every)


def slurm_gone(folders):
    """Runs without a result whose jobs neither wait nor run, as Slurm says. It is asked once, and only for the others."""
    # Numbers before the queue: a job that is handed in between the two would be missed.
    jobs = {folder: (read_json(os.path.join(folder, "slurm.json")) or {}).get("job") for folder in folders}
    mark = lambda folder: os.path.join(folder, "gone.json")
    gone = set()
    for folder, job in jobs.items():
        marked_gone = job is not None and (read_json(mark(folder)) or {}).get("job") == job
        if marked_gone or (job is None and not os.path.exists(os.path.join(folder, "submitting"))):
            gone.add(folder)
    if len(gone) == len(jobs):
        return gone
    answer = slurm_command(["squeue", "-h", "-u", str(os.getuid()), "-o", "%A %j"], ASK_SECONDS)
    if answer["code"] != 0:
        return gone
    found = set(answer["out"].split())
    for folder, job in jobs.items():
        # By its name too: a job that follows another one may not be in slurm.json yet.
        if folder in gone or job in found or os.path.basename(folder) in found:
            continue
        gone.add(folder)
        if job is not None:
            try:
                write_whole(mark(folder), {"job": job})
            except OSError:
                pass  # It is asked for again.
    return gone


def slurm_stop(folder, request):
    """Asks a job to stop: its keeper sees to a checkpoint. One that waits, or is to be killed, is cancelled."""
    number = (read_json(os.path.join(folder, "slurm.json")) or {}).get("job")
    touch(os.path.join(folder, "kill" if request.get("kill") else "stop"))
    if number is None:
        try:
            # An attempt that was cut off behind sbatch left one.
            number = named_job(request["run"])
        except Refused:
            pass  # A job that comes to run after all finds the result, and ends.
        if number is None:
            if not os.path.exists(os.path.join(folder, "session.json")):
                write_json(os.path.join(folder, "result.json"), result_of(None, time.monotonic(), oom_kills(), True, ""))
            return full_status(folder)
        write_json(os.path.join(folder, "slurm.json"), {"job": number, "submitted": int(time.time())})
    state = slurm_command(["squeue", "-h", "-j", number, "-o", "%T"], ASK_SECONDS)
    waits = state["out"].strip() == "PENDING"
    how = [] if waits or request.get("kill") else ["--signal=TERM", "--batch"]
    answer = state if unreached(state) else slurm_command(["scancel"] + how + [number], ASK_SECONDS)
    if unreached(answer):
        raise Refused("network", "Slurm's controller cannot be reached: %s" % last_line(answer["err"]))
    return full_status(folder)


# --- in the job ------------------------------------------------------------------------------------------------------


class Keeper:
    """Runs the engine in one session of the job. Sessions: Slurm may begin a job again, here or on another node."""

    def __init__(self, folder, request):
        self.folder, self.request = folder, request
        self.near_limit = self.ended_by_slurm = False
        self.job = os.environ.get("SLURM_JOB_ID", "")
        self.began, self.oom = time.monotonic(), oom_kills()

    def at(self, name):
        return os.path.join(self.folder, name)

    def is_asked(self):
        return os.path.exists(self.at("stop")) or os.path.exists(self.at("kill"))

    def run(self):
        if os.path.exists(self.at("result.json")):
            return 0
        signal.signal(signal.SIGUSR1, lambda *_: setattr(self, "near_limit", True))
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "ended_by_slurm", True))
        if not self.is_ours():
            print("another job has this run", flush=True)
            return 0
        before = read_json(self.at("session.json")) or {"session": 0, "seconds": 0}
        # `next`: one that was begun and ended before it could start anything.
        last = max(before["session"], before.get("next", 0))
        self.session = {
            "session": last + 1,
            "resumedAt": 0,
            "program": None,
            "seconds": before["seconds"],
            "node": os.environ.get("SLURMD_NODENAME", ""),
            "job": self.job,
        }
        # From now on the keeper of an earlier session, should it live on a node that was lost, ends its engine.
        write_json(self.at("session.json"), dict(self.session, session=before["session"], next=self.session["session"]))
        with open(self.at("reserve"), "wb") as reserve:
            reserve.write(RESERVE)
        if last > 0:
            self.wait_for_the_last(last)
            step = self.session["resumedAt"] = tidy(self.request["output"], self.request["rows"])
            with open(self.at("stdout.log"), "a", encoding="utf-8") as log:
                where = "checkpoint-%d" % step if step else "the beginning"
                log.write("\n--- begun again by Slurm, from %s, on %s ---\n" % (where, self.session["node"]))
        write_json(self.at("session.json"), self.session)
        if self.is_asked():
            return self.leave(None, True, "")
        try:
            program = launch(self.folder, self.request, [])
        except OSError as error:
            return self.leave(127, False, "%s: %s" % (self.request["argv"][0], error.strerror))
        self.session["program"] = identity(program.pid)
        write_json(self.at("session.json"), self.session)
        if not self.watch(program):
            return 0
        for pid in marked(self.request["run"]):
            send_signal(pid, signal.SIGKILL)
        self.session["seconds"] += time.monotonic() - self.began
        return self.end(program.returncode)

    def is_ours(self):
        """Of two jobs that were handed in for one run (an answer of sbatch was lost) the first to run has it."""
        try:
            with open(self.at("owner"), "x", encoding="utf-8") as file:
                file.write(self.job)
            return True
        except FileExistsError:
            pass
        for _ in range(50):
            with open(self.at("owner"), encoding="utf-8") as file:
                if file.read() in (self.job, ""):
                    return True
            if (read_json(self.at("slurm.json")) or {}).get("job") == self.job:
                with open(self.at("owner"), "w", encoding="utf-8") as file:
                    file.write(self.job)
                return True
            time.sleep(0.2)
        return False

    def wait_for_the_last(self, session):
        """Until the keeper before us has ended, or gives no sign of life any more."""
        told = lambda: (read_json(self.at("left.json")) or {}).get("session") == session
        for _ in range(40):
            before = read_json(self.at("beat.json"))
            until = time.monotonic() + 2 * BEAT_SECONDS
            while time.monotonic() < until:
                if told():
                    return
                time.sleep(0.1)
            if read_json(self.at("beat.json")) == before:
                return

    def is_replaced(self):
        found = read_json(self.at("session.json")) or {}
        return found.get("next", found.get("session")) != self.session["session"]

    def watch(self, program):
        """Until the program ends; false when another session has begun meanwhile."""
        heart = Heart(self.at("beat.json"))
        heart.count = self.session["session"] * 1000000
        asked = looked = None
        while program.poll() is None:
            heart.beat("")
            if looked is None or time.monotonic() - looked > BEAT_SECONDS:
                looked = time.monotonic()
                if self.is_replaced():
                    end_all(self.request["run"], identity(program.pid))
                    program.wait()
                    return False
            if asked is None and (self.near_limit or self.ended_by_slurm or os.path.exists(self.at("stop"))):
                asked = time.monotonic()
                ask_to_end(program.pid, self.request.get("depth", 0))
            late = asked is not None and time.monotonic() - asked > self.request.get("grace", 120)
            if late or os.path.exists(self.at("kill")):
                end_all(self.request["run"], identity(program.pid))
            time.sleep(0.1)
        return True

    def end(self, code):
        if self.is_asked():
            return self.leave(code, True, "")
        cut_off = (self.near_limit or self.ended_by_slurm) and not is_done(self.request["output"])
        if not cut_off:
            return self.leave(code, False, "")
        write_json(self.at("session.json"), self.session)
        write_json(self.at("left.json"), {"session": self.session["session"]})
        if self.ended_by_slurm:
            return 143
        if newest_step(self.request["output"]) <= self.session["resumedAt"]:
            return self.leave(code, False, "the time limit came before a checkpoint was saved", "limit")
        why = self.begin_again()
        return 0 if why is None else self.leave(code, False, "the time limit came, and Slurm did not begin it again: " + why, "limit")

    def begin_again(self):
        """Gives the job back to the queue; a new one where that is not allowed. Why not, or None."""
        print("time limit: saved a checkpoint, goes back to the queue", flush=True)
        answer = slurm_command(["scontrol", "requeue", self.job], ASK_SECONDS)
        if answer["code"] == 0:
            return None
        try:
            job = sbatch(self.folder, self.request)
        except Refused as error:
            return "%s; %s" % (last_line(answer["err"]), error)
        write_json(self.at("slurm.json"), {"job": job, "submitted": int(time.time()), "before": self.job})
        return None

    def leave(self, code, stopped, error, why=""):
        result = result_of(code, self.began, self.oom, stopped, error)
        result.update(seconds=round(self.session["seconds"], 3), why=why)
        write_json(self.at("result.json"), result)
        return 0 if stopped else code if code is not None and 0 <= code < 256 else 1


def slurm_keep(request):
    folder = run_folder(request)
    os._exit(Keeper(folder, read_json(os.path.join(folder, "request.json"))).run())


def state_of(folder):
    state = read_json(os.path.join(folder, "trainer_state.json"))
    return state if isinstance(state, dict) else {}


def step_in(name):
    found = re.match(r"checkpoint-(\d+)$", name)
    return int(found.group(1)) if found else 0


def newest_step(folder):
    return max([0] + [step_in(name) for name in checkpoints(folder) if is_whole(os.path.join(folder, name))])


def is_done(folder):
    """Whether the last step was done: by the state that the engine writes at its end, or by its newest checkpoint."""
    states = [state_of(folder), state_of(os.path.join(folder, "checkpoint-%d" % newest_step(folder)))]
    return any(0 < state.get("max_steps", 0) <= state.get("global_step", -1) for state in states)


def is_whole(checkpoint):
    """Whether weights are as long as their header says: a node that is lost leaves files that are cut off."""
    for name in os.listdir(checkpoint):
        if not name.endswith(".safetensors"):
            continue
        file = os.path.join(checkpoint, name)
        try:
            with open(file, "rb") as weights:
                length = int.from_bytes(weights.read(8), "little")
                header = json.loads(weights.read(length).decode("utf-8")) if 1 < length < 100 << 20 else None
            ends = [one["data_offsets"][1] for key, one in header.items() if key != "__metadata__"]
        except (OSError, ValueError, AttributeError, KeyError, TypeError, IndexError):
            return False
        if os.path.getsize(file) != 8 + length + max([0] + ends):
            return False
    return True


def tidy(output, rows):
    """Makes an engine's folder what its newest whole checkpoint left: the step to go on from."""
    for name in os.listdir(output) if os.path.isdir(output) else []:
        place = os.path.join(output, name)
        if step_in(name) and not (name in checkpoints(output) and is_whole(place)):
            shutil.rmtree(place, ignore_errors=True)
    step = newest_step(output)
    if step == 0:
        # Weights without a checkpoint: the engine would refuse the folder.
        shutil.rmtree(output, ignore_errors=True)
        os.makedirs(output, mode=0o700, exist_ok=True)
        return 0
    if os.path.exists(rows):
        with open(rows, encoding="utf-8") as file:
            kept = [line for line in file if line.endswith("\n") and step_of_row(line) <= step]
        with open(rows + ".part", "w", encoding="utf-8") as file:
            file.writelines(kept)
        os.replace(rows + ".part", rows)
    return step


def step_of_row(line):
    try:
        return json.loads(line)["current_steps"]
    except (ValueError, KeyError, TypeError):
        return sys.maxsize
