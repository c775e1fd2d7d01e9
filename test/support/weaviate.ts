import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { VectorServer } from '../../src/kb/backends/types.ts';
import type { TestCertificate } from './certificates.ts';
import { onPath } from './sshd.ts';

const SCRIPT = path.resolve('scripts/cluster/weaviate.sh');

/** What a test's name says where it cannot run; undefined = it can. */
export function whyNoWeaviate(): string | undefined {
  if (!onPath('curl')) return 'no curl here';
  return onPath('go') ? undefined : 'no go here';
}

export interface WeaviateCluster {
  readonly server: VectorServer;
  readonly key: string;
  /** Of node 0; the others follow. */
  readonly port: number;
  /** Starts the nodes that do not run. */
  start(): void;
  /** SIGKILL for one node. */
  kill(node: number): void;
  /** Ends all as a person would. */
  stop(): void;
  /** Ends all and removes their folder. */
  remove(): void;
}

export interface WeaviateOptions {
  /** They answer by TLS. */
  readonly certificate?: TestCertificate;
  /** Vectors are indexed behind a queue on disk. */
  readonly asyncIndexing?: boolean;
}

/** Weaviate nodes of their own, which make a cluster when there are several. */
export function startWeaviate(port: number, count: number, options: WeaviateOptions = {}): WeaviateCluster {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-weaviate-'));
  const { certificate, asyncIndexing = false } = options;
  const env = { ...process.env, WEAVIATE_ASYNC_INDEXING: String(asyncIndexing) };
  if (certificate) {
    writeFileSync(path.join(folder, 'tls.crt'), certificate.cert);
    writeFileSync(path.join(folder, 'tls.key'), certificate.key);
  }
  const start = () => {
    execFileSync(SCRIPT, ['start', folder, String(port), String(count)], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  };
  const stop = () => {
    execFileSync(SCRIPT, ['stop', folder], { stdio: 'ignore' });
  };
  start();
  const others = Array.from({ length: count - 1 }, (_, at) => `also=127.0.0.1:${port + 1 + at}`);
  return {
    server: {
      name: 'weaviate',
      kind: 'weaviate',
      url: `weaviate://127.0.0.1:${port}${others.length > 0 ? `?${others.join('&')}` : ''}`,
      tls: certificate !== undefined,
    },
    key: readFileSync(path.join(folder, 'key'), 'utf8'),
    port,
    start,
    kill(node) {
      execFileSync(SCRIPT, ['kill', folder, String(node)], { stdio: 'ignore' });
    },
    stop,
    remove() {
      for (let node = 0; node < count; node += 1)
        execFileSync(SCRIPT, ['kill', folder, String(node)], { stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
