import { RagtuiError } from '../platform/errors.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import type { CommandContext } from './context.ts';

const LONGEST = 16 * 1024;

/**
 * A secret from the terminal, not shown while it is typed; without a terminal the first line of stdin. Never an
 * argument: other users see those. Errors: `usage` when nothing comes, `cancelled`.
 */
export async function askSecret(context: CommandContext, question: string): Promise<string> {
  const secret = process.stdin.isTTY ? await typed(question, context.signal) : await firstLine();
  if (secret.trim() !== '') return secret.trim();
  throw new RagtuiError(
    'usage',
    'No key was given.',
    'Type it when asked, or hand it over on stdin: `ragtui models key NAME < FILE`.',
  );
}

async function firstLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.includes('\n') || text.length > LONGEST) break;
  }
  return text.split('\n', 1)[0] ?? '';
}

function typed(question: string, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(`${sanitizeLine(question)} `);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let secret = '';
    const end = (finish: () => void) => {
      stdin.off('data', onData);
      signal.removeEventListener('abort', onAbort);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      finish();
    };
    const onAbort = () => end(() => reject(new RagtuiError('cancelled', 'Nothing was changed.')));
    const onData = (chunk: string | Buffer) => {
      for (const character of String(chunk)) {
        if (character === '\r' || character === '\n') return end(() => resolve(secret));
        // Ctrl+C and Ctrl+D: raw mode makes no signals of them.
        if (character === '\u0003' || character === '\u0004') return onAbort();
        if (character === '\u007f' || character === '\b') secret = secret.slice(0, -1);
        else if (character >= ' ') secret += character;
      }
    };
    signal.addEventListener('abort', onAbort, { once: true });
    stdin.on('data', onData);
  });
}
