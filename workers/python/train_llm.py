"""Runs LLaMA-Factory's training in one of several processes that torchrun started on several nodes.

Argument: the training file. As LLaMA-Factory's own launcher does, and all processes stop at the same step.
"""

import together

if __name__ == "__main__":
    together.stop_together()
    from llamafactory.train.tuner import run_exp

    run_exp()
