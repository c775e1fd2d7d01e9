import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RagtuiError } from '../../platform/errors.ts';

/** Ray is no requirement of vLLM: without it the server would end a minute later. Errors: `unavailable`. */
export async function checkRay(python: string): Promise<void> {
  try {
    await promisify(execFile)(python, ['-c', 'import ray']);
  } catch (cause) {
    throw new RagtuiError(
      'unavailable',
      "Ray is not in vLLM's environment.",
      `Put it there (\`uv pip install --python ${python} ray\`), the version of the cluster; or name an environment that has it: \`ragtui engines install vllm --python PATH\`.`,
      { cause },
    );
  }
}
