import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { VectorServer } from '../../src/kb/backends/types.ts';
import { freePort, onPath } from './sshd.ts';

const SCRIPT = path.resolve('scripts/cluster/pgvector.sh');

/** What a test's name says where it cannot run; undefined = it can. */
export function whyNoPgvector(): string | undefined {
  if (!onPath('python3')) return 'no python3 here';
  return process.getuid?.() === 0 && !onPath('setpriv') ? 'no setpriv here' : undefined;
}

export interface PgServer {
  readonly server: VectorServer;
  readonly password: string;
  start(): void;
  /** `immediate` is how a crash looks from outside: no checkpoint, recovery at the next start. */
  stop(how?: 'fast' | 'immediate'): void;
  /** Ends it and removes its folder. */
  remove(): void;
}

/** A PostgreSQL with pgvector of its own on a free loopback port. */
export async function startPgvector(): Promise<PgServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-pg-'));
  chmodSync(folder, 0o711);
  const port = await freePort();
  const start = () => {
    execFileSync(SCRIPT, ['start', folder, String(port)], { stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const stop = (how: 'fast' | 'immediate' = 'fast') => {
    execFileSync(SCRIPT, ['stop', folder, how], { stdio: 'ignore' });
  };
  start();
  const read = (name: string) => readFileSync(path.join(folder, name), 'utf8').trim();
  return {
    server: { name: 'pg', kind: 'pgvector', url: read('url') },
    password: read('password'),
    start,
    stop,
    remove() {
      stop('immediate');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
