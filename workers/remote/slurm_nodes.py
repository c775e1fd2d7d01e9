"""A run on several nodes of a Slurm job: how its keeper begins it on all of them, and what runs beside the engine on each.

On every node the engine's own launcher (torchrun) runs in a session of its own; they meet at the first node. What the
first one prints is the run's output. What the keeper wants of them is `order` in session.json: `checkpoint` or `end`; an
engine whose session is over is ended. Besides, in the folder of a run:
  node-K.log    what the engine printed on node K, from 1     node-K.json   how it stands there, from 0
"""

NODE_MARK = "RAGTUI_NODE"
LOOK_SECONDS = 0.5
# One that fails takes the others with it: their own last words are waited for so long.
LAST_WORDS_SECONDS = 3
NODE_TAIL = 16384
FIRST_PORT, PORTS = 15000, 15000
# What an engine says whose counterpart is gone; the cause is another's.
PEER_GONE = re.compile(r"connection (closed|reset) by peer|broken pipe|remote process exited|nccl ?error|socket timeout", re.I)


# --- of the keeper ---------------------------------------------------------------------------------------------------


def start_on_nodes(folder, request, session):
    """The job step that runs the engine on all nodes; `Refused` where Slurm does not tell them."""
    asked = {"op": "slurm_node", "root": request["root"], "run": request["run"], "session": session}
    asked["address"], asked["port"] = meeting_address(), free_port(os.environ.get("SLURM_JOB_ID", ""))
    for number in range(request["nodes"]):
        forget(node_file(folder, number))
    text = base64.urlsafe_b64encode(json.dumps(asked).encode()).decode()
    words = in_container(request.get("container")) + [sys.executable, os.path.abspath(sys.argv[0]), "0", text]
    environment = dict(os.environ)
    environment[RUN_MARK] = request["run"]
    return subprocess.Popen(
        srun_words(request["nodes"]) + words, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )


def srun_words(nodes):
    cores = os.environ.get("SLURM_CPUS_PER_TASK")
    return (
        ["srun", "--nodes=%d" % nodes, "--ntasks=%d" % nodes, "--ntasks-per-node=1", "--mpi=none", "--export=ALL"]
        # One that fails ends the others, and one that hangs behind the others is ended, too.
        + ["--kill-on-bad-exit=1", "--wait=120"]
        # Since 22.05 a step does not take it over from its job.
        + (["--cpus-per-task=" + cores] if cores else [])
    )


def in_container(container):
    return ["sh", "-c", 'exec %s "$@"' % container, "sh"] if container else []


def meeting_address():
    """Of the first node, as Slurm itself reaches it."""
    names = slurm_command(["scontrol", "show", "hostnames", os.environ.get("SLURM_JOB_NODELIST", "")], ASK_SECONDS)
    if names["code"] != 0 or not names["out"].split():
        raise Refused("unavailable", "Slurm does not tell the job's nodes: %s" % last_line(names["err"]))
    first = names["out"].split()[0]
    told = slurm_command(["scontrol", "show", "node", "-o", first], ASK_SECONDS)
    found = re.search(r"\bNodeAddr=(\S+)", told["out"])
    return found.group(1) if found else first


def free_port(job):
    """A port of this node, the first one: by the job's number, so that jobs do not meet each other; the next that is free."""
    begin = int(job) if job.isdigit() else 0
    for more in range(100):
        number = FIRST_PORT + (begin + more) % PORTS
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("", number))
                return number
            except OSError:
                pass
    raise Refused("unavailable", "no port between %d and %d is free on the first node" % (FIRST_PORT, FIRST_PORT + PORTS))


def node_file(folder, number):
    return os.path.join(folder, "node-%d.json" % number)


def forget(file):
    try:
        os.unlink(file)
    except OSError:
        pass


def nodes_told(folder, request, session):
    """What the nodes wrote in a session, by their number."""
    told = {number: read_json(node_file(folder, number)) for number in range(request["nodes"])}
    return {number: one for number, one in told.items() if one and one.get("session") == session}


def blame_node(folder, told):
    """Of a run that failed: how the engine ended on the node it began with. What that one printed comes to the run's errors."""
    failed = sorted([number for number, one in told.items() if one.get("code")], key=lambda number: told[number]["at"])
    if not failed:
        return None
    said = {number: node_tail(folder, number, told[number]) for number in failed}
    first = next((number for number in failed if not PEER_GONE.search(said[number])), failed[0])
    if first > 0:
        with open(os.path.join(folder, "stderr.log"), "a", encoding="utf-8") as log:
            log.write("\n--- node %d (%s) ---\n%s\n" % (first, told[first]["node"], said[first]))
    return told[first]["code"]


def node_tail(folder, number, told):
    """The end of what an engine printed in its session."""
    try:
        with open(os.path.join(folder, node_logs(number)[1]), "rb") as log:
            log.seek(max(told["from"], os.fstat(log.fileno()).st_size - NODE_TAIL))
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""


def node_logs(number):
    return ("stdout.log", "stderr.log") if number == 0 else ("node-%d.log" % number,) * 2


# --- on each node ----------------------------------------------------------------------------------------------------


class Node:
    """The engine's launcher on one node, in one session."""

    def __init__(self, folder, asked):
        self.folder, self.asked = folder, asked
        self.number = int(os.environ["SLURM_NODEID"])
        self.request = read_json(os.path.join(folder, "request.json"))
        self.mark = "%s.%d.%d" % (self.request["run"], asked["session"], self.number)
        self.ended_by_slurm = False
        self.oom = oom_kills()
        self.told = {
            "session": asked["session"],
            "node": os.environ.get("SLURMD_NODENAME", ""),
            "from": size_of(os.path.join(folder, node_logs(self.number)[1])),
            "code": None,
        }

    def run(self):
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "ended_by_slurm", True))
        self.tell(None)
        try:
            program = launch(self.folder, dict(self.request, env=self.environment()), [], node_logs(self.number))
        except OSError as error:
            sys.stderr.write("%s: %s\n" % (self.request["argv"][0], error.strerror))
            self.tell(127)
            return 127
        ordered = self.watch(program)
        self.end(program)
        self.tell(program.returncode)
        if program.returncode != 0 and not ordered:
            time.sleep(LAST_WORDS_SECONDS)
        return program.returncode if 0 <= program.returncode < 256 else 1

    def environment(self):
        """torchrun takes what it is not told as arguments from variables that begin with PET_."""
        return dict(
            self.request.get("env", {}),
            PET_NODE_RANK=str(self.number),
            PET_MASTER_ADDR=self.asked["address"],
            PET_MASTER_PORT=str(self.asked["port"]),
            # Each node makes its own: a file that another one replaces is lost to who reads it over a network.
            HF_DATASETS_CACHE=os.path.join(self.folder, "cache-%d" % self.number),
            **{NODE_MARK: self.mark}
        )

    def watch(self, program):
        """Until the engine ends; whether it was asked to."""
        asked = False
        while program.poll() is None:
            session = read_json(os.path.join(self.folder, "session.json"))
            replaced = session is not None and session.get("next", session["session"]) != self.asked["session"]
            order = (session or {}).get("order")
            if replaced or order == "end":
                self.end(program)
            elif not asked and (order == "checkpoint" or self.ended_by_slurm):
                asked = True
                ask_to_end(program.pid, self.request.get("depth", 0))
            time.sleep(LOOK_SECONDS)
        return asked

    def end(self, program):
        """Whatever is left of it here; another node of the run may be on this machine."""
        try:
            os.killpg(program.pid, signal.SIGKILL)
        except OSError:
            pass
        for pid in marked(self.mark, NODE_MARK):
            send_signal(pid, signal.SIGKILL)

    def tell(self, code):
        self.told.update(code=code, oom=oom_kills() > self.oom, at=time.time())
        write_json(node_file(self.folder, self.number), self.told)


def size_of(file):
    try:
        return os.path.getsize(file)
    except OSError:
        return 0


def slurm_node(request):
    os._exit(Node(run_folder(request), request).run())
