"""Several runs handed to Slurm as one array job, a task each.

In `arrays/ID`, beside what the folder of a run has for its job (batch.sh, keeper.py, submitting, submit.lock):
  members.json  index of each task: its run           INDEX   a link to the folder of that run
  array.json    the array's number
A run's own folder says in array.json which task it is; all that is needed to hand it in alone lies there too. Slurm is
never told the array's number alone, which means all of its tasks: one of them is NUMBER_INDEX, also while it waits.
"""

import contextlib


def array_folder(request):
    return os.path.join(request["root"], "arrays", request["array"])


def slurm_submit_array(request):
    """Hands runs in as one array, once, however often it is asked for. Those that are handed in or over stay out of it."""
    request["members"] = json.loads(sys.stdin.buffer.read(request["membersBytes"]).decode("utf-8"))
    folder = array_folder(request)
    at = lambda name: os.path.join(folder, name)
    make_root(request["root"])
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with contextlib.ExitStack() as locks:
        locks.enter_context(submit_lock(folder))
        array = read_json(at("array.json"))
        if array is None:
            # An earlier attempt may have been cut off behind sbatch: its tasks are those of that attempt.
            job = array_number(request["array"]) if os.path.exists(at("submitting")) else None
            members = read_json(at("members.json")) if job else None
            for one in request["members"]:
                os.makedirs(member_folder(request, one["run"]), mode=0o700, exist_ok=True)
                locks.enter_context(submit_lock(member_folder(request, one["run"])))
            if members is None:
                chosen = [one for one in request["members"] if not is_handed_in(member_folder(request, one["run"]))]
                members = {str(one["index"]): one["run"] for one in chosen}
                if len(members) < 2:
                    return {"job": None, "tasks": []}
                job = begin_array(request, chosen, members)
            number_members(request, job, members)
            array = {"job": job, "members": members}
            write_json(at("array.json"), array)
    return {"job": array["job"], "tasks": sorted(int(index) for index in array["members"])}


def member_folder(request, run):
    return os.path.join(request["root"], "runs", run)


def begin_array(request, chosen, members):
    """Puts what its tasks need into place and calls sbatch. Errors: those of sbatch; refused, nothing is left."""
    folder = array_folder(request)
    at = lambda name: os.path.join(folder, name)
    write_json(at("members.json"), members)
    write_program(folder, request["script"])
    for one in chosen:
        run = member_folder(request, one["run"])
        write_job(run, dict(one, root=request["root"]))
        write_json(os.path.join(run, "array.json"), {"array": request["array"], "index": one["index"]})
        # Of an earlier attempt, whose run may be another one.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(at(str(one["index"])))
        os.symlink(os.path.join("..", "..", "runs", one["run"]), at(str(one["index"])))
        touch(os.path.join(run, "submitting"))
    touch(at("submitting"))
    throttle = "%%%d" % request["atOnce"] if request.get("atOnce") else ""
    tasks = ",".join(sorted(members, key=int))
    try:
        return sbatch(folder, request["options"] + ["--array=%s%s" % (tasks, throttle)])
    except Refused as error:
        if error.code != "network":
            for one in chosen:
                forget_job(member_folder(request, one["run"]))
            shutil.rmtree(folder)
        raise


def number_members(request, job, members):
    """Each run learns its number; one that was stopped meanwhile is cancelled."""
    for index, run in members.items():
        folder = member_folder(request, run)
        number = "%s_%s" % (job, index)
        if not os.path.exists(os.path.join(folder, "slurm.json")):
            write_json(os.path.join(folder, "slurm.json"), {"job": number, "submitted": int(time.time())})
        if os.path.exists(os.path.join(folder, "result.json")):
            slurm_command(["scancel", number], ASK_SECONDS)


def array_number(array):
    """The number of an array by its name; None where Slurm says that there is none."""
    found = named_jobs([array])
    return found[0][1].split("_")[0] if found else None


def task_of(folder):
    """The name of the array that a run was put into, and how the number of its task ends."""
    found = read_json(os.path.join(folder, "array.json"))
    return (found["array"], "_%d" % found["index"]) if found else None


def own_number():
    """The number of the job that this process is the batch process of. A task's own SLURM_JOB_ID may be the whole array's."""
    array, task = (os.environ.get("SLURM_ARRAY_%s_ID" % name) for name in ("JOB", "TASK"))
    return "%s_%s" % (array, task) if array and task else os.environ.get("SLURM_JOB_ID", "")


def task_folder(request):
    """The folder of the run that this task of an array is for."""
    return os.path.realpath(os.path.join(array_folder(request), os.environ["SLURM_ARRAY_TASK_ID"]))
