"""Makes the environment of an engine on a host, from our lock file, as `ragtui engines install` does on its own machine.

Argument: a file with JSON {engines, name, device, lock, sha256, python: [min, max], uv, imports, distributions, environment}.
Started as a run by agent.py: it goes on when the connection breaks, and running it again installs only what is missing.
Lines that begin with "@" are for ragtui; everything else is what uv, pip and Python say.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def tell(kind, **what):
    print("@" + json.dumps(dict(kind=kind, **what)), flush=True)


def phase(text):
    tell("phase", text=text)


def fail(code, message):
    tell("fault", code=code, message=message)
    raise SystemExit(1)


def version_of(command):
    try:
        ask = "import sys; print(*sys.version_info[:2])"
        done = subprocess.run([command, "-c", ask], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20)
        return tuple(map(int, done.stdout.split()[-2:]))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def find_python(low, high):
    names = ["python3.%d" % minor for minor in range(high[1], low[1] - 1, -1)] + ["python3", "python"]
    found = {name: version_of(name) for name in names}
    for name in names:
        if found[name] and tuple(low) <= found[name] <= tuple(high):
            return shutil.which(name), found[name]
    seen = sorted({"%d.%d" % version for version in found.values() if version})
    fail("unavailable", "Python %d.%d to %d.%d is needed; on PATH there: %s" % (*low, *high, ", ".join(seen) or "none"))


def run(what, *argv):
    phase(what)
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    environment.update(UV_PYTHON_DOWNLOADS="never", UV_NO_PROGRESS="1")
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = b""
    for line in process.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
        said = (said + line)[-65536:]
    if process.wait() != 0:
        tell("failed", what=what, code=process.returncode)
        raise SystemExit(1)
    return said.decode(errors="replace")


def find_uv(asked, python):
    own = os.path.join(asked["engines"], "uv", "bin", "uv")
    for program in ("uv", own):
        try:
            if subprocess.run([program, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                return program
        except OSError:
            pass
    folder = os.path.join(asked["engines"], "uv")
    run("making an environment for uv", python, "-m", "venv", folder)
    pip = [os.path.join(folder, "bin", "python"), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    run("installing uv", *pip, "uv==" + asked["uv"])
    return own


def count_packages(site, done):
    last = -1
    while not done.wait(1):
        names = os.listdir(site) if os.path.isdir(site) else []
        count = sum(name.endswith(".dist-info") for name in names)
        if count != last:
            tell("packages", done=count)
        last = count


def whole(manifest, asked):
    """What says that the environment of this very lock file is there already; None: it is not."""
    try:
        with open(manifest, encoding="utf-8") as source:
            found = json.load(source)
        return found if found["lock"] == asked["sha256"] and os.path.exists(found["python"]) else None
    except (OSError, ValueError, KeyError):
        return None


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        asked = json.load(source)
    os.makedirs(asked["engines"], mode=0o700, exist_ok=True)
    folder = os.path.join(asked["engines"], asked["name"])
    manifest = os.path.join(folder, "engine.json")
    environment_python = os.path.join(folder, "bin", "python")
    with open(os.path.join(asked["engines"], asked["name"] + ".far-lock"), "w") as lock:
        phase("waiting for another install")
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = whole(manifest, asked)
        if found:
            tell("done", fresh=False, manifest=found)
            return
        phase("looking for Python")
        python, version = find_python(*asked["python"])
        uv = find_uv(asked, python)
        if os.path.exists(manifest):
            os.unlink(manifest)
        if not os.path.exists(environment_python):
            run("making the environment", uv, "venv", "--allow-existing", "--python", python, folder)
        done = threading.Event()
        site = os.path.join(folder, "lib", "python%d.%d" % version, "site-packages")
        counter = threading.Thread(target=count_packages, args=(site, done), daemon=True)
        counter.start()
        try:
            sync = ["pip", "sync", "--require-hashes", "--python", environment_python]
            run("installing " + asked["name"], uv, *sync, os.path.join(HERE, asked["lock"]))
        finally:
            done.set()
        os.environ.update(asked["environment"])
        os.makedirs(os.environ["HOME"], mode=0o700, exist_ok=True)
        check = os.path.join(HERE, "check_engine.py")
        said = run("importing it once", environment_python, "-I", check, ",".join(asked["imports"]), ",".join(asked["distributions"]))
        answer = json.loads(said.rstrip().split("\n")[-1])
        value = {
            "version": 1,
            "name": asked["name"],
            "device": asked["device"],
            "python": environment_python,
            "managed": True,
            "installedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "lock": asked["sha256"],
            "versions": answer["versions"],
        }
        with open(manifest + ".tmp", "w", encoding="utf-8") as target:
            json.dump(value, target)
        os.replace(manifest + ".tmp", manifest)
        tell("done", fresh=True, manifest=value)


main()
