import { type ErrorCode, RagtuiError } from '../../platform/errors.ts';

/** Stages of a start, in their order, and the line that says that one has begun (vLLM 0.32). */
const STAGES: readonly { readonly name: string; readonly begins: RegExp }[] = [
  { name: 'starting', begins: /^/ },
  { name: 'reading the settings', begins: /non-default args:/ },
  { name: 'starting the engine', begins: /Initializing a V1 LLM engine/ },
  { name: 'loading weights', begins: /Starting to load model/ },
  { name: 'making the KV cache', begins: /Loading weights took|Model loading took/ },
  { name: 'warming up', begins: /KV cache size:/ },
  { name: 'opening the port', begins: /init engine .* took/ },
  { name: 'waiting for /health', begins: /Starting vLLM server on/ },
];
export const STAGE_COUNT = STAGES.length;

/** `(EngineCore pid=12) INFO 11-23 07:20:33 [core.py:133] text` → `text`. */
export const withoutPrefix = (line: string): string =>
  line
    .replace(/^\((?:APIServer|EngineCore|Worker|VllmWorker)[^)]*\)\s*/, '')
    .replace(/^(?:INFO|WARNING|ERROR|DEBUG|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d \[[^\]]+\] ?/, '');

/** Follows a server's log: where the start is, and why it failed. */
export class VllmLog {
  stage = 0;
  readonly #lines: string[] = [];

  /** Takes one line; true when a later stage has begun. */
  push(line: string): boolean {
    const text = withoutPrefix(line);
    this.#lines.push(text);
    if (this.#lines.length > 5000) this.#lines.shift();
    const reached = STAGES.findLastIndex(({ begins }) => begins.test(text));
    if (reached <= this.stage) return false;
    this.stage = reached;
    return true;
  }

  get stageName(): string {
    return VllmLog.nameOf(this.stage);
  }

  static nameOf(stage: number): string {
    return STAGES[stage]?.name ?? '';
  }

  /** What went wrong, after the server has ended by itself. */
  fault(exit: { readonly code: number | null; readonly signal: NodeJS.Signals | null }): RagtuiError {
    return vllmFault(this.#lines, exit);
  }
}

interface Cause {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly say: (match: RegExpExecArray) => string;
  readonly hint: string;
}

const MEMORY_HINT = 'Take less for the cache (--kv-gib), a shorter context (--context), or close other programs.';

/** Causes by their words; the first line that matches any of them counts, whoever wraps it later. */
const CAUSES: readonly Cause[] = [
  {
    pattern: /\[Errno 98\]|Address already in use/i,
    code: 'busy',
    say: () => 'its port was taken by another program between the look and the start',
    hint: 'Start it again: it takes another port.',
  },
  {
    pattern: /LoRA rank (\d+) is greater than max_lora_rank (\d+)/,
    code: 'invalid',
    say: (match) => `an adapter has rank ${match[1]}, the server was started for ${match[2]}`,
    hint: 'Start the server again with this adapter.',
  },
  {
    pattern: /No such file or directory: '(.*)\/adapter_config\.json'|No adapter found for (\S+)/,
    code: 'not-found',
    say: (match) => `there is no adapter in ${match[1] ?? match[2]}`,
    hint: 'Name the folder that the training wrote.',
  },
  {
    pattern: /max_model_len \((\d+)\) is greater than the derived max_model_len \(\w+=([\d.]+)/,
    code: 'invalid',
    say: (match) => `a context of ${match[1]} tokens is longer than the model's ${Number(match[2])}`,
    hint: 'Lower --context.',
  },
  {
    pattern: /To serve at least one request with the model'?s'? max seq len \((\d+)\)/i,
    code: 'invalid',
    say: (match) => `the KV cache holds less than one context of ${match[1]} tokens`,
    hint: 'Give it more (--kv-gib) or lower --context.',
  },
  {
    pattern:
      /Available memory on node \d+ \(([\d./ GiB]+)\).*less than requested memory.*\(([\d.]+ GiB)\)|Free memory on device \S+ \(([\d./ GiB]+)\).*less than desired/,
    code: 'unavailable',
    say: (match) =>
      `there is not enough memory: ${match[1] ?? match[3]} free${match[2] ? `, ${match[2]} wanted for the cache` : ''}`,
    hint: MEMORY_HINT,
  },
  {
    pattern:
      /CUDA out of memory|No available memory for the cache blocks|DefaultCPUAllocator: can't allocate|MemoryError/,
    code: 'unavailable',
    say: () => 'there is not enough memory',
    hint: MEMORY_HINT,
  },
  {
    pattern: /SafetensorError: (.+)/,
    code: 'corrupt',
    say: (match) => `its weights are damaged (${match[1]})`,
    hint: 'Pull or make the model again.',
  },
  {
    pattern: /Model architectures (\[.*?\]) (?:are not supported|failed)/,
    code: 'unsupported',
    say: (match) => `vLLM does not know the architecture ${match[1]}`,
    hint: 'Choose another base, or serve it with --engine llama.',
  },
  {
    pattern: /No module named|ImportError|PackageNotFoundError/,
    code: 'unavailable',
    say: () => 'its environment is broken',
    hint: 'Run "ragtui engines check vllm", and install it again.',
  },
];

/** What a wrapper says after the true cause. */
const WRAPPER =
  /Engine core initialization failed|WorkerProc initialization failed|engine core.*(?:died|dead)|EngineDeadError/i;
/** With no exception before it: nothing in the engine went wrong by itself. */
const KILLED_CORE = /engine core exited unexpectedly/;
const EXCEPTION = /^(?:[\w.]+\.)?(\w*(?:Error|Exception)): (.+)/;

/** Why a server ended, from its log lines (without prefixes) and its exit: the first cause above the wrapper. Pure. */
export function vllmFault(
  lines: readonly string[],
  { code, signal }: { readonly code: number | null; readonly signal: NodeJS.Signals | null },
): RagtuiError {
  for (const line of lines) {
    for (const cause of CAUSES) {
      const match = cause.pattern.exec(line);
      if (match) return new RagtuiError(cause.code, `vLLM did not start: ${cause.say(match)}.`, cause.hint);
    }
  }
  if (signal === 'SIGKILL' || code === 137) {
    return new RagtuiError('unavailable', 'vLLM was killed from outside, most often for lack of memory.', MEMORY_HINT);
  }
  const said = lines.map((line) => EXCEPTION.exec(line.trim())).find((match) => match && !WRAPPER.test(match[0]));
  if (!said && lines.some((line) => KILLED_CORE.test(line))) {
    return new RagtuiError(
      'unavailable',
      'vLLM ended: its engine died, killed from outside, most often for lack of memory.',
      MEMORY_HINT,
    );
  }
  const died = lines.some((line) => WRAPPER.test(line)) ? ' (its engine died)' : '';
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${code ?? 'none'}`;
  const why = said ? `: ${said[1]}: ${(said[2] ?? '').slice(0, 300)}` : '';
  return new RagtuiError(
    'unavailable',
    `vLLM ${how}${died}${why}.`,
    'See the log of its job: `ragtui jobs logs`, stdout.log.',
  );
}
