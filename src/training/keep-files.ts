import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** Copies what is to be kept of a training into a folder of its own, without checkpoints and optimizer state. */
export async function keepFiles(from: string, to: string, names: readonly string[]): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of names) await cp(path.join(from, name), path.join(to, name), { recursive: true });
}
