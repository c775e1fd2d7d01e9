import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { VectorServer } from '../../src/kb/backends/types.ts';
import { freePort, onPath } from './sshd.ts';

const SCRIPT = path.resolve('scripts/cluster/milvus.sh');

/** What a test's name says where it cannot run; undefined = it can. */
export function whyNoMilvus(): string | undefined {
  return onPath('python3') ? undefined : 'no python3 here';
}

export interface MilvusServer {
  readonly server: VectorServer;
  readonly port: number;
  start(): void;
  /** `kill` is SIGKILL: nothing is written any more. */
  stop(how?: 'stop' | 'kill'): void;
  /** Ends it and removes its folder. */
  remove(): void;
}

/** A Milvus Lite server of its own on a free loopback port. */
export async function startMilvus(): Promise<MilvusServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-milvus-'));
  const port = await freePort();
  const start = () => {
    execFileSync(SCRIPT, ['start', folder, String(port)], { stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const stop = (how: 'stop' | 'kill' = 'stop') => {
    execFileSync(SCRIPT, [how, folder], { stdio: 'ignore' });
  };
  start();
  return {
    server: { name: 'milvus', kind: 'milvus', url: `milvus://127.0.0.1:${port}` },
    port,
    start,
    stop,
    remove() {
      stop('kill');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
