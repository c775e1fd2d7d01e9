"""Prints, as the last line of stdout, JSON of how LLaMA-Factory writes conversations under each of its template names."""

import importlib.metadata
import json
import sys

from llamafactory.data.template import TEMPLATES, Llama2Template, ReasoningTemplate


def text(formatter):
    """The slots as one text; special tokens that the tokenizer names stand as {{bos}} and {{eos}}."""
    parts = []
    for slot in formatter.slots:
        if isinstance(slot, str):
            parts.append(slot)
        elif isinstance(slot, dict):
            parts.append(slot["token"])
        else:
            parts.append("{{bos}}" if "bos_token" in slot else "{{eos}}")
    return "".join(parts)


def main():
    templates = {
        name: {
            "prefix": text(one.format_prefix),
            "system": text(one.format_system),
            "user": text(one.format_user),
            "assistant": text(one.format_assistant),
            "ownSystem": one.default_system,
            "systemInUser": isinstance(one, Llama2Template),
            "thought": list(one.thought_words) if isinstance(one, ReasoningTemplate) else None,
            "endsWithEos": one.efficient_eos,
        }
        for name, one in TEMPLATES.items()
    }
    answer = {"version": importlib.metadata.version("llamafactory"), "templates": templates}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


main()
