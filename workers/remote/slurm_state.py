"""How a run under Slurm stands: by its files, and by what Slurm says of its job."""

import threading

LOG_TAIL = 2000


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
    answer = slurm_command(["squeue", "-r", "-h", "-t", "PENDING", "-p", partition, "--sort=-p,i", "-o", "%i"], ASK_SECONDS)
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
    answer = slurm_command(["squeue", "-r", "-h", "-u", str(os.getuid()), "-o", "%i %j"], ASK_SECONDS)
    if answer["code"] != 0:
        return gone
    found = set(answer["out"].split())
    for folder, job in jobs.items():
        # By its name too: a job that follows another one may not be in slurm.json yet.
        names = [os.path.basename(folder)] + ([] if job else list(task_of(folder) or [])[:1])
        if folder in gone or job in found or found.intersection(names):
            continue
        gone.add(folder)
        if job is not None:
            try:
                write_whole(mark(folder), {"job": job})
            except OSError:
                pass  # It is asked for again.
    return gone
