import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { checkRegular } from '../loaders/file.ts';

/** First 16 bytes of the file's sha256, hex. Never blocks on what became a pipe since it was found. */
export async function hashFile(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    checkRegular(await handle.stat());
    const hash = createHash('sha256');
    await pipeline(handle.createReadStream({ autoClose: false }), hash);
    return hash.digest('hex').slice(0, 32);
  } finally {
    await handle.close();
  }
}
