import { type ErrorCode, RagtuiError } from '../platform/errors.ts';
import type { EngineExit } from './engine-process.ts';

interface Cause {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** Why engines fail, by what they print. The first pattern that matches counts. */
const CAUSES: readonly Cause[] = [
  {
    pattern:
      /out of memory|OutOfMemoryError|CUBLAS_STATUS_ALLOC_FAILED|DefaultCPUAllocator: can't allocate|MemoryError/i,
    code: 'unavailable',
    message: 'The machine ran out of memory',
    hint: 'Use a smaller batch (--set per_device_train_batch_size=1) or shorter texts (--set cutoff_len=256).',
  },
  {
    pattern: /no space left on device|errno 28/i,
    code: 'disk-full',
    message: 'The disk is full',
    hint: 'Free some space and resume the job.',
  },
  {
    pattern:
      /Some keys are not used by the HfArgumentParser|unrecognized arguments|Some specified arguments are not used/i,
    code: 'usage',
    message: 'The engine does not know one of the settings',
    hint: 'Look at --set: the name of a key is wrong.',
  },
  {
    pattern: /Cannot find valid samples|Undefined dataset|ZeroDivisionError/i,
    code: 'invalid',
    message: 'The engine found no usable rows in the data',
    hint: 'Check the dataset and the split; rows longer than the cut-off are dropped.',
  },
  {
    pattern: /Template .* does not exist/i,
    code: 'usage',
    message: 'The engine does not know the template',
    hint: 'Choose a base whose template is known.',
  },
  {
    pattern: /ModuleNotFoundError|ImportError|requires? .* but .* found|PackageNotFoundError/i,
    code: 'unavailable',
    message: "The engine's environment is broken",
    hint: 'Run "ragtui engines check" with its name, and install it again.',
  },
  {
    pattern: /OfflineModeIsEnabled|LocalEntryNotFoundError|couldn't connect to/i,
    code: 'network',
    message: 'The engine wanted to download something',
    hint: 'Everything it needs must be on this disk: pull the base model again.',
  },
];

/** What made an engine fail, from how it ended and the end of its stderr. Pure. */
export function trainingFault(engine: string, exit: EngineExit, stderr: string): RagtuiError {
  if (exit.signal === 'SIGKILL') {
    return new RagtuiError(
      'unavailable',
      `${engine} was killed from outside; most often the system was out of memory.`,
      'Close other programs, or use a smaller batch, and resume the job.',
    );
  }
  const ended = exit.signal ? `was ended by ${exit.signal}` : `ended with exit code ${exit.code ?? 'none'}`;
  const said = lastError(stderr);
  const cause = CAUSES.find(({ pattern }) => pattern.test(stderr));
  if (cause) return new RagtuiError(cause.code, `${cause.message} (${engine}: ${said}).`, cause.hint);
  return new RagtuiError(
    'unavailable',
    `${engine} ${ended}${said ? `: ${said}` : ''}.`,
    'See stdout.log and stderr.log in the folder of the job (`ragtui jobs show`).',
  );
}

/** The last line that names a Python exception, else the last line. At most 300 characters. */
function lastError(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter(Boolean);
  const found = lines.findLast((line) => /^[\w.]*(Error|Exception|Exit)\b/.test(line)) ?? lines.at(-1) ?? '';
  return found.slice(0, 300).replace(/\.$/, '');
}
