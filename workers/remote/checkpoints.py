"""What an engine left in its folder, and the newest checkpoint that it can go on from."""


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
