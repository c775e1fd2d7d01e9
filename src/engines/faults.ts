import { type ErrorCode, RagtuiError } from '../platform/errors.ts';

interface Fault {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** What uv and pip say when something outside of them is wrong. The first pattern that matches counts. */
const FAULTS: readonly Fault[] = [
  {
    pattern: /no space left on device|os error 28|disk quota exceeded|errno 28/i,
    code: 'disk-full',
    message: 'The disk is full',
    hint: 'Free some space and run the same command again: what is downloaded stays.',
  },
  {
    pattern: /hash mismatch|do not match the hashes|none of the hashes/i,
    code: 'checksum',
    message: 'A package is not the one of the lock file',
    hint: 'Ask whoever runs your package mirror; nothing of it was installed.',
  },
  {
    pattern:
      /dns error|failed to lookup address|name resolution|connection (refused|reset)|network is unreachable|error sending request|operation timed out|failed to (fetch|download)|could not connect|tcp connect|proxy|max retries exceeded|status code 5\d\d/i,
    code: 'network',
    message: 'The package index cannot be reached',
    hint: 'Check the connection (a mirror: UV_DEFAULT_INDEX, a proxy: HTTPS_PROXY) and run the same command again: what is downloaded stays.',
  },
  {
    pattern: /permission denied|os error 13|read-only file system/i,
    code: 'permission',
    message: 'The folder of the engines cannot be written',
    hint: 'Check its owner and mode, or set RAGTUI_ENGINES_CACHE to another folder.',
  },
  {
    pattern: /ensurepip|no module named '?(venv|pip)\b/i,
    code: 'unavailable',
    message: 'This Python comes without its venv module',
    hint: 'Install it (on Debian and Ubuntu: python3-venv) and run the same command again.',
  },
  {
    pattern:
      /no interpreter found|does not satisfy|no wheels? with a matching|not compatible with|no matching distribution/i,
    code: 'unsupported',
    message: 'A package does not exist for this machine or this Python',
    hint: 'Engines run on Linux x86-64 with Python 3.11 or 3.12; another environment can be named with --python.',
  },
];

/** Why an installer failed, from its exit code and what it printed. Pure. `what` as in "Installing vLLM". */
export function installFault(what: string, code: number | null, output: string): RagtuiError {
  const found = FAULTS.find(({ pattern }) => pattern.test(output));
  const line = tellingLine(output);
  const said = line ? `: ${line}` : '';
  if (found) return new RagtuiError(found.code, `${found.message} (${what}${said}).`, found.hint);
  return new RagtuiError(
    'internal',
    `${what} failed with exit code ${code ?? 'none'}${said}.`,
    'See the log of the job; running it again goes on where it was.',
  );
}

/** The line that says most: the first error, else the last one. At most 300 characters. */
function tellingLine(output: string): string {
  const lines = output
    .split(/[\r\n]+/)
    .map((line) => line.replace(/^[\s×├╰─▶│]+/, '').trim())
    // pyenv's shims make uv warn at length about nothing.
    .filter((line) => line && !/^warning:/i.test(line));
  return (lines.find((line) => /^(error|caused by)/i.test(line)) ?? lines.at(-1) ?? '')
    .slice(0, 300)
    .replace(/\.$/, '');
}
