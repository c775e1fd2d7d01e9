import { describe, expect, it } from 'vitest';
import { installFault } from '../../../src/engines/faults.ts';

// Left: what uv and pip print in that case.
const CASES: readonly (readonly [string, string])[] = [
  [
    'error: Failed to fetch: `https://example.org/simple/torch/`\n  Caused by: dns error: failed to lookup address information',
    'network',
  ],
  ['error: Request failed after 3 retries\n  Caused by: error sending request for url', 'network'],
  ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', 'disk-full'],
  ['error: Failed to install: torch-2.11.0\n  Caused by: No space left on device (os error 28)', 'disk-full'],
  ['error: Hash mismatch for `torch==2.11.0`', 'checksum'],
  ['error: failed to create directory `x`: Permission denied (os error 13)', 'permission'],
  ['The virtual environment was not created successfully because ensurepip is not\navailable.', 'unavailable'],
  ["Error: Command '['python3.11', '-m', 'ensurepip', '--upgrade']' returned non-zero exit status 1.", 'unavailable'],
  [
    '  × No solution found when resolving dependencies:\n  ╰─▶ Because only one version has no wheels with a matching platform tag',
    'unsupported',
  ],
  ['something nobody has seen', 'internal'],
];

describe('why an install failed', () => {
  it.each(CASES)('%s', (output, code) => {
    expect(installFault('installing vLLM', 2, output)).toMatchObject({ code });
  });

  it('quotes the line that says most and leaves warnings out', () => {
    const output = 'warning: Failed to inspect Python\nerror: Hash mismatch for `torch==2.11.0`\n  Expected: sha256:aa';
    expect(installFault('installing vLLM', 2, output).message).toContain('error: Hash mismatch for `torch==2.11.0`');
  });
});
