import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { RagtuiError } from '../platform/errors.ts';

/**
 * Shows `text` (sanitised) in `$PAGER`, else `$EDITOR`, else `less`, from a temporary file that only the user can
 * read. The terminal must be lent to it meanwhile (`terminal.suspendFor`).
 * @throws RagtuiError `unavailable` when the program cannot be started.
 */
export async function viewText(text: string, env: NodeJS.ProcessEnv): Promise<void> {
  const program = env['PAGER'] || env['EDITOR'] || 'less';
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ragtui-view-'));
  try {
    const file = path.join(folder, 'text.txt');
    await writeFile(file, text, { mode: 0o600 });
    await runInTerminal(program, file, env);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runInTerminal(program: string, file: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    // $PAGER may hold arguments, as in `less -R`: the shell splits it; the path is passed apart, so that it is never read as code.
    const child = spawn('/bin/sh', ['-c', `${program} "$1"`, 'sh', file], { env, stdio: 'inherit' });
    const fail = (why: string): void => {
      reject(new RagtuiError('unavailable', `${program} could not show the text: ${why}.`, 'Set PAGER or EDITOR.'));
    };
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code) => (code === 127 || code === 126 ? fail('it cannot be started') : resolve()));
  });
}
