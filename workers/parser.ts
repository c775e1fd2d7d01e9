/**
 * Parses one untrusted file at a time for `src/kb/loaders/parser-pool.ts`. It may be killed at any moment and keeps
 * nothing; it ends when its parent does.
 */
import os from 'node:os';
import { loadFile } from '../src/kb/loaders/load.ts';
import { type FromParser, toParserSchema } from '../src/kb/loaders/parser-protocol.ts';
import type { LoadOptions } from '../src/kb/loaders/types.ts';
import { toRagtuiError } from '../src/platform/errors.ts';

let more: (() => void) | undefined;

try {
  os.setPriority(10);
} catch {
  // Not allowed in some containers; parsing works all the same.
}
process.on('disconnect', () => process.exit(0));
process.on('message', (raw) => {
  const message = toParserSchema.parse(raw);
  if (message.type === 'next') more?.();
  else void parse(message.id, message.path, message.options);
});

async function parse(id: number, path: string, options: LoadOptions): Promise<void> {
  try {
    for await (const documents of loadFile(path, options)) {
      const asked = new Promise<void>((resolve) => {
        more = resolve;
      });
      send({ type: 'batch', id, documents });
      await asked;
    }
    send({ type: 'end', id });
  } catch (error) {
    const { code, message, hint } = toRagtuiError(error);
    send({ type: 'error', id, code, message, hint });
  }
}

function send(message: FromParser): void {
  process.send?.(message);
}
