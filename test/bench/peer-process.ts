import { spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { z } from 'zod';
import { packageRoot } from '../../src/platform/entry.ts';
import type { BenchRow } from './types.ts';

const readySchema = z.object({ ready: z.string() });
const embeddedSchema = z.object({ seconds: z.number(), vectors: z.array(z.array(z.number())) });
const storedSchema = z.object({ seconds: z.number(), count: z.number() });
const indexedSchema = z.object({ seconds: z.number() });
const foundSchema = z.object({ ms: z.array(z.number()), found: z.array(z.array(z.number())) });
const errorSchema = z.object({ error: z.string() });

export interface PeerOptions {
  /** As scripts/bench/peers.py calls it. */
  readonly peer: string;
  /** Of the model, where it needs one. */
  readonly folder?: string;
  readonly threads: number;
  readonly scratch: string;
  /** 0 unless said. */
  readonly niceness?: number;
}

/** A peer in a Python process of its own. Each call rejects with the peer's own words. */
export interface Peer {
  readonly versions: string;
  readonly pid: number;
  embed(texts: readonly string[], batch: number): Promise<z.infer<typeof embeddedSchema>>;
  store(texts: readonly string[]): Promise<z.infer<typeof storedSchema>>;
  index(files: {
    readonly vectors: string;
    readonly queries: string;
    readonly texts: string;
    readonly dimension: number;
  }): Promise<z.infer<typeof indexedSchema>>;
  search(span: {
    readonly width: number;
    readonly from: number;
    readonly to: number;
    readonly k: number;
  }): Promise<z.infer<typeof foundSchema>>;
  close(): void;
}

export async function openPeer(python: string, { folder = '', niceness = 0, ...options }: PeerOptions): Promise<Peer> {
  const threads = String(options.threads);
  const child = spawn(python, [path.join(packageRoot(), 'scripts', 'bench', 'peers.py')], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...process.env,
      RAYON_NUM_THREADS: threads,
      OMP_NUM_THREADS: threads,
      // They must ask nobody for anything.
      HF_HUB_OFFLINE: '1',
      ANONYMIZED_TELEMETRY: 'False',
    },
  });
  // At once: threads that it starts later inherit it.
  if (child.pid !== undefined) os.setPriority(child.pid, niceness);
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function ask<T>(schema: z.ZodType<T>, message: unknown): Promise<T> {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${options.peer} ended`);
    const answer: unknown = JSON.parse(value);
    const failed = errorSchema.safeParse(answer);
    if (failed.success) throw new Error(`${options.peer}: ${failed.data.error}`);
    return schema.parse(answer);
  }
  try {
    const { ready } = await ask(readySchema, { open: { folder, ...options } });
    return {
      versions: ready,
      pid: child.pid ?? 0,
      embed: (texts, batch) => ask(embeddedSchema, { embed: { texts, batch } }),
      store: (texts) => ask(storedSchema, { store: { texts } }),
      index: (files) => ask(indexedSchema, { index: files }),
      search: (span) => ask(foundSchema, { search: span }),
      close: () => child.kill(),
    };
  } catch (error) {
    child.kill();
    throw error;
  }
}

/** The row of a peer that is not here: never left out in silence. */
export const notHad = (measure: string, unit: string, why: string): BenchRow => ({
  measure,
  value: Number.NaN,
  unit,
  note: `could not be had: ${why}`,
});

export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
