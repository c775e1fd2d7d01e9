import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
  await inPrivateFile('text.txt', text, (file) =>
    runInTerminal(program, file, env, { cannot: 'show the text', hint: 'Set PAGER or EDITOR.' }),
  );
}

/**
 * What `text` was made into in `$VISUAL`, else `$EDITOR`, else `vi`. `name` ends as its kind of file does, for the
 * editor's colours. The terminal must be lent to it meanwhile.
 * @throws RagtuiError `unavailable` when the program cannot be started.
 */
export function editText(text: string, name: string, env: NodeJS.ProcessEnv): Promise<string> {
  const program = env['VISUAL'] || env['EDITOR'] || 'vi';
  return inPrivateFile(name, text, async (file) => {
    await runInTerminal(program, file, env, { cannot: 'open the text', hint: 'Set EDITOR.' });
    return readFile(file, 'utf8');
  });
}

async function inPrivateFile<T>(name: string, text: string, work: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ragtui-view-'));
  try {
    const file = path.join(folder, name);
    await writeFile(file, text, { mode: 0o600 });
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Words {
  readonly cannot: string;
  readonly hint: string;
}

function runInTerminal(program: string, file: string, env: NodeJS.ProcessEnv, { cannot, hint }: Words): Promise<void> {
  return new Promise((resolve, reject) => {
    // $PAGER may hold arguments, as in `less -R`: the shell splits it; the path is passed apart, so that it is never read as code.
    const child = spawn('/bin/sh', ['-c', `${program} "$1"`, 'sh', file], { env, stdio: 'inherit' });
    const fail = (why: string): void => {
      reject(new RagtuiError('unavailable', `${program} could not ${cannot}: ${why}.`, hint));
    };
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code) => (code === 127 || code === 126 ? fail('it cannot be started') : resolve()));
  });
}
