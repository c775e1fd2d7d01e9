"""The far side of a `slurm:` job: handing it in and stopping it. Comes behind agent.py and uses what is there.

Besides what agent.py names, in the folder of a run:
  slurm.json    the job's number                     keeper.py, request.json, batch.sh    what the job runs
  session.json  how often it was begun, from which   left.json    the session that ended in good order without an end
                step, where, its keeper's program     batch.log    what Slurm and the script printed
  submitting    sbatch was begun, and may be heard    gone.json    the job that Slurm has no more
The keeper (slurm_keeper.py) is the job's batch process: it starts the engine on the node, asks it for a checkpoint when
the time limit comes near or Slurm takes the node away, and lets Slurm begin it anew from there. Login and compute nodes
share the folder.
"""

import contextlib
import fcntl
import re

ASK_SECONDS = 10
SUBMIT_SECONDS = 40
UNREACHED = re.compile(
    r"unable to contact slurm controller|connection (refused|timed out)|socket timed out|communication connection failure"
    r"|unable to connect|zero bytes were transmitted|address already in use|no route to host|transport endpoint"
    r"|in standby mode",
    re.I,
)


# What scancel says of a job that is over, or about to be.
OVER = re.compile(r"invalid job id specified|already complet", re.I)


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


def last_line(text):
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return re.sub(r"^\w+: error: (Batch job submission failed: )?", "", lines[-1]) if lines else "it said nothing"


def slurm_submit(request):
    """Hands a run to Slurm once, however often it is asked for."""
    folder = run_folder(request)
    at = lambda name: os.path.join(folder, name)
    make_root(request["root"])
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with submit_lock(folder):
        if not is_handed_in(folder):
            # An earlier attempt may have been cut off behind sbatch.
            job = named_job(folder) if os.path.exists(at("submitting")) else None
            if job is None:
                write_job(folder, request)
                touch(at("submitting"))
                try:
                    job = sbatch(folder, request["options"])
                except Refused as error:
                    if error.code != "network":
                        forget_job(folder)
                    raise
            write_json(at("slurm.json"), {"job": job, "submitted": int(time.time())})
    return full_status(folder)


@contextlib.contextmanager
def submit_lock(folder):
    with open(os.path.join(folder, "submit.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_handed_in(folder):
    """Whether Slurm has it, or it was stopped before there was a job (`result.json`)."""
    return any(os.path.exists(os.path.join(folder, name)) for name in ("slurm.json", "result.json"))


def write_job(folder, request):
    write_json(os.path.join(folder, "request.json"), request)
    write_program(folder, request["script"])


def write_program(folder, script):
    with open(os.path.join(folder, "keeper.py"), "w", encoding="utf-8") as file:
        file.write(source.decode("utf-8"))
    with open(os.path.join(folder, "batch.sh"), "w", encoding="utf-8") as file:
        file.write(script)


def forget_job(folder):
    """There is no job: whoever asks after this run is to hear that nothing came of it."""
    for name in ("batch.sh", "submitting", "array.json"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))


def sbatch(folder, options):
    """The number of the job that runs the folder's batch.sh. Errors: `network`, `unavailable`, `invalid` (it was refused)."""
    argv = ["sbatch", "--parsable"] + options + [os.path.join(folder, "batch.sh")]
    answer = slurm_command(argv, SUBMIT_SECONDS)
    if unreached(answer):
        raise Refused("network", "Slurm's controller cannot be reached: %s" % last_line(answer["err"]))
    if answer["code"] == 127:
        raise Refused("unavailable", "there is no Slurm (sbatch is not on PATH)")
    if answer["code"] != 0:
        raise Refused("invalid", "Slurm refused the job: %s" % last_line(answer["err"]))
    return answer["out"].strip().split("\n")[-1].split(";")[0]


def named_job(folder):
    """The job of a run by its name, which is the run's or that of its array; None where Slurm says that there is none."""
    run, task = os.path.basename(folder), task_of(folder)
    found = named_jobs([run] + ([task[0]] if task else []))
    alone = [number for name, number in found if name == run]
    tasks = [number for name, number in found if task and name == task[0] and number.endswith(task[1])]
    return (alone + tasks + [None])[0]


def named_jobs(names):
    """Pairs of name and number of the jobs that are called so and wait or run; tasks of arrays one by one."""
    answer = slurm_command(["squeue", "-r", "-h", "--name=" + ",".join(names), "-o", "%j %i"], ASK_SECONDS)
    if answer["code"] == 127:
        raise Refused("unavailable", "there is no Slurm (squeue is not on PATH)")
    if answer["code"] != 0:
        raise Refused("network", "Slurm's controller cannot be reached: %s" % last_line(answer["err"]))
    return [tuple(line.split()) for line in answer["out"].splitlines() if len(line.split()) == 2]


def slurm_stop(folder, request):
    """Asks a job to stop: its keeper sees to a checkpoint. One that waits, or is to be killed, is cancelled."""
    number = (read_json(os.path.join(folder, "slurm.json")) or {}).get("job")
    touch(os.path.join(folder, "kill" if request.get("kill") else "stop"))
    if number is None:
        try:
            # An attempt that was cut off behind sbatch left one.
            number = named_job(folder)
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
    if answer["code"] != 0 and not OVER.search(answer["err"]):
        # Such as munge that is down: as good as a controller that is away, so it is tried again.
        raise Refused("network", "the stop of job %s did not take: %s" % (number, last_line(answer["err"])))
    return full_status(folder)
