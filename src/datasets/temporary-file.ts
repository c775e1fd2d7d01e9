import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isAlive, processIdentity } from '../platform/processes.ts';

const END = '.tmp';

/** A name beside `file` to write under before it gets its own; those that a killed process left for this file are removed. */
export function temporaryBeside(file: string): string {
  const folder = path.dirname(file);
  const start = `${path.basename(file)}.`;
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (!name.startsWith(start) || !name.endsWith(END)) continue;
    const found = /^(\d+)-(\d*)-[0-9a-f]{8}$/.exec(name.slice(start.length, -END.length));
    if (!found || isAlive({ pid: Number(found[1]), startTime: found[2] ?? '' })) continue;
    rmSync(path.join(folder, name), { force: true });
  }
  const startTime = processIdentity(process.pid)?.startTime ?? '';
  return `${file}.${process.pid}-${startTime}-${randomBytes(4).toString('hex')}${END}`;
}
