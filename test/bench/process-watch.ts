import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, memoryOf } from './machine.ts';

const EVERY_MS = 500;

/** What one kind of process took: MB of the largest, MB of all of them at once, processor seconds of all together. */
export interface Took {
  readonly peakMb: number;
  readonly togetherMb: number;
  readonly cpuSeconds: number;
  /** How many there ever were. */
  readonly processes: number;
}

interface Seen {
  readonly role: string;
  peakMb: number;
  cpuSeconds: number;
}

/** Watches every process of ours whose environment names `home`, by the name of its worker. */
export class ProcessWatch {
  readonly #seen = new Map<string, Seen>();
  readonly #together = new Map<string, number>();
  readonly #home: string;
  #over = false;
  readonly #done: Promise<void>;

  constructor(home: string) {
    this.#home = home;
    this.#done = this.#run();
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#done;
  }

  /** By role: `ingest`, `kb-service`, `index-builder`, `parser` … */
  took(): ReadonlyMap<string, Took> {
    const all = new Map<string, Took>();
    for (const { role, peakMb, cpuSeconds: seconds } of this.#seen.values()) {
      const before = all.get(role);
      all.set(role, {
        peakMb: Math.max(before?.peakMb ?? 0, peakMb),
        togetherMb: this.#together.get(role) ?? 0,
        cpuSeconds: (before?.cpuSeconds ?? 0) + seconds,
        processes: (before?.processes ?? 0) + 1,
      });
    }
    return all;
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      this.#look();
      await delay(EVERY_MS);
    }
  }

  #look(): void {
    const now = new Map<string, number>();
    for (const { pid, role, key } of workersOf(this.#home)) {
      try {
        const memory = memoryOf(pid);
        const seen = this.#seen.get(key) ?? { role, peakMb: 0, cpuSeconds: 0 };
        seen.peakMb = Math.max(seen.peakMb, memory.peak || 0);
        seen.cpuSeconds = cpuSeconds(pid);
        this.#seen.set(key, seen);
        now.set(role, (now.get(role) ?? 0) + (memory.now || 0));
      } catch {
        // Gone meanwhile.
      }
    }
    for (const [role, mb] of now) this.#together.set(role, Math.max(this.#together.get(role) ?? 0, mb));
  }
}

/** Our worker processes of a workspace: named in their arguments, or children of such. */
function workersOf(home: string): { pid: number; role: string; key: string }[] {
  const found = new Map<number, { role: string; parent: number; names: boolean; key: string }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      const role = /workers\/([a-z-]+)\.js/.exec(line)?.[1];
      if (!role) continue;
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const key = `${name}-${fields[19]}`;
      found.set(Number(name), { role, parent: Number(fields[1]), names: line.includes(home), key });
    } catch {
      // Gone meanwhile.
    }
  }
  const ours = (pid: number): boolean => {
    const one = found.get(pid);
    return one !== undefined && (one.names || ours(one.parent));
  };
  return [...found].filter(([pid]) => ours(pid)).map(([pid, { role, key }]) => ({ pid, role, key }));
}
