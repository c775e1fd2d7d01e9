"""What a Slurm job runs: it keeps the engine on a node, session after session, until there is an end to tell."""

FORCE_SECONDS = 10
NODE_LOST_SECONDS = 5
# What Slurm says of a step that it ends so; the job itself has only failed.
MEMORY_LIMIT = re.compile(r"exceeded (job |step )?memory limit|oom.kill", re.I)


class Keeper:
    """Runs the engine in one session of the job. Sessions: Slurm may begin a job again, here or on another node."""

    def __init__(self, folder, request):
        self.folder, self.request = folder, request
        self.nodes = request.get("nodes", 1)
        self.near_limit = self.ended_by_slurm = False
        self.forced, self.oom_elsewhere = None, False
        self.job = own_number()
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
            "node": os.environ.get("SLURMD_NODENAME" if self.nodes < 2 else "SLURM_JOB_NODELIST", ""),
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
        self.note_session()
        if self.is_asked():
            return self.leave(None, True, "")
        try:
            program = self.start()
        except OSError as error:
            word = self.request["argv"][0] if self.nodes < 2 else "srun"
            return self.leave(127, False, "%s: %s" % (word, error.strerror))
        except Refused as error:
            return self.leave(127, False, str(error))
        self.session["program"] = identity(program.pid)
        self.note_session()
        if not self.watch(program):
            return 0
        for pid in marked(self.request["run"]):
            send_signal(pid, signal.SIGKILL)
        self.session["seconds"] += time.monotonic() - self.began
        return self.end(program.returncode)

    def start(self):
        if self.nodes < 2:
            return launch(self.folder, self.request, [])
        return start_on_nodes(self.folder, self.request, self.session["session"])

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

    def note_session(self):
        """Says how this session stands, unless another one has begun: it would take this for its own end."""
        if not self.is_replaced():
            write_json(self.at("session.json"), self.session)

    def is_replaced(self):
        found = read_json(self.at("session.json"))
        # One that cannot be read just now (a network file system) says nothing.
        return found is not None and found.get("next", found.get("session")) != self.session["session"]

    def watch(self, program):
        """Until the program ends; false when another session has begun meanwhile: how this one ended is no end of the run."""
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
                self.ask(program)
            late = asked is not None and time.monotonic() - asked > self.request.get("grace", 120)
            if late or os.path.exists(self.at("kill")):
                self.force(program)
            time.sleep(0.1)
        return not self.is_replaced()

    def ask(self, program):
        """For a checkpoint and an end."""
        if self.nodes < 2:
            ask_to_end(program.pid, self.request.get("depth", 0))
        else:
            self.order("checkpoint")

    def force(self, program):
        """The engine's end. On other nodes it is given a moment: what is left there is ended by Slurm with the job."""
        if self.nodes > 1 and self.forced is None:
            self.forced = time.monotonic()
            self.order("end")
        if self.nodes < 2 or time.monotonic() - self.forced > FORCE_SECONDS:
            end_all(self.request["run"], identity(program.pid))

    def order(self, what):
        self.session["order"] = what
        self.note_session()

    def end(self, code):
        if self.is_asked():
            return self.leave(code, True, "")
        failed_together = self.nodes > 1 and code != 0 and not self.near_limit
        if failed_together:
            self.hear_slurm()
        cut_off = (self.near_limit or self.ended_by_slurm) and not is_done(self.request["output"])
        if not cut_off:
            return self.leave_failed(code) if failed_together else self.leave(code, False, "")
        self.note_session()
        write_json(self.at("left.json"), {"session": self.session["session"]})
        if self.ended_by_slurm:
            return 143
        if newest_step(self.request["output"]) <= self.session["resumedAt"]:
            return self.leave(code, False, "the time limit came before a checkpoint was saved", "limit")
        why = self.begin_again()
        return 0 if why is None else self.leave(code, False, "the time limit came, and Slurm did not begin it again: " + why, "limit")

    def hear_slurm(self):
        """srun ends when a node is lost; that the job is taken away for that is heard a moment later."""
        until = time.monotonic() + NODE_LOST_SECONDS
        while not self.ended_by_slurm and time.monotonic() < until:
            time.sleep(0.1)

    def leave_failed(self, code):
        """With the exit code of the node that failed first, or that Slurm ended them all for memory."""
        told = nodes_told(self.folder, self.request, self.session["session"])
        self.oom_elsewhere = any(one.get("oom") for one in told.values())
        blamed = blame_node(self.folder, told)
        if blamed is None and MEMORY_LIMIT.search(tail_of(self.at("batch.log"))):
            return self.leave(code, False, "its memory limit was exceeded", "memory")
        return self.leave(code if blamed is None else blamed, False, "")

    def begin_again(self):
        """Gives the job back to the queue; a new one where that is not allowed. Why not, or None."""
        print("time limit: saved a checkpoint, goes back to the queue", flush=True)
        answer = slurm_command(["scontrol", "requeue", self.job], ASK_SECONDS)
        if answer["code"] == 0:
            return None
        try:
            job = sbatch(self.folder, self.request["options"])
        except Refused as error:
            return "%s; %s" % (last_line(answer["err"]), error)
        write_json(self.at("slurm.json"), {"job": job, "submitted": int(time.time()), "before": self.job})
        return None

    def leave(self, code, stopped, error, why=""):
        result = result_of(code, self.began, self.oom, stopped, error)
        result["oom"] = result["oom"] or self.oom_elsewhere
        result.update(seconds=round(self.session["seconds"], 3), why=why)
        write_json(self.at("result.json"), result)
        return 0 if stopped else code if code is not None and 0 <= code < 256 else 1


def slurm_keep(request):
    """Of one run, or of the run of this task of an array."""
    folder = run_folder(request) if "run" in request else task_folder(request)
    os._exit(Keeper(folder, read_json(os.path.join(folder, "request.json"))).run())
