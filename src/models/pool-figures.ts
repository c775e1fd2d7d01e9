import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { parseJson } from '../platform/json.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { isAlive, processIdentity } from '../platform/processes.ts';

const WRITE_MS = 1000;
const DAY_MS = 24 * 3600 * 1000;

export const memberFiguresSchema = z.object({
  /** As it may be shown. */
  url: z.string(),
  /** `busy`: it said that it has too much to do; `down`: see `why`. */
  state: z.enum(['up', 'busy', 'down']),
  why: z.string(),
  /** Since when it is so, ms since 1970; null = since it was first asked, or not known. */
  since: z.number().nullable().default(null),
  /** When it was last asked, ms since 1970; null = it was not. */
  askedAt: z.number().nullable().default(null),
  /** Requests of ours in work. */
  inFlight: z.number().int().nonnegative(),
  requests: z.number().int().nonnegative(),
  failures: z.number().int().nonnegative(),
});
const fileSchema = z.object({
  pid: z.number().int(),
  startTime: z.string(),
  at: z.number(),
  members: z.array(memberFiguresSchema),
});

/** What is known of one server of a pool. */
export type MemberFigures = z.infer<typeof memberFiguresSchema>;

/** Where the processes that ask a pool write down what they asked of each server. */
export const poolFolder = (paths: Pick<WorkspacePaths, 'logs'>, name: string): string =>
  path.join(paths.logs, 'pools', encodeURIComponent(name));

/**
 * Writes down what this process asked of a pool, for those who look at it from another: at most once a second, and at the
 * end. A process that is killed loses a second of it.
 */
export class PoolRecord {
  readonly #folder: string;
  readonly #figures: () => readonly MemberFigures[];
  readonly #self = processIdentity(process.pid);
  #timer: NodeJS.Timeout | undefined;
  #begun = false;

  constructor(folder: string, figures: () => readonly MemberFigures[]) {
    this.#folder = folder;
    this.#figures = figures;
  }

  changed(): void {
    if (!this.#begun) {
      this.#begun = true;
      process.once('exit', () => this.#write());
      forgetOld(this.#folder);
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write();
    }, WRITE_MS).unref();
  }

  /** Figures are no reason to fail: a full disk leaves the ones before. */
  #write(): void {
    if (!this.#self) return;
    const { pid, startTime } = this.#self;
    const file = path.join(this.#folder, `${pid}-${startTime}.json`);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const text = JSON.stringify({ pid, startTime, at: Date.now(), members: this.#figures() });
      writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
    } catch {}
  }
}

/** What all processes that asked any within a day asked of each server, and how it was when it was last asked; small files. */
export function readPoolFigures(folder: string, now = Date.now()): readonly MemberFigures[] {
  const files = namesIn(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const parsed = fileSchema.safeParse(parseJson(textOf(path.join(folder, name))));
      return parsed.success && now - parsed.data.at <= DAY_MS ? [parsed.data] : [];
    })
    .sort((a, b) => a.at - b.at);
  const byUrl = new Map<string, MemberFigures>();
  for (const { pid, startTime, members } of files) {
    const lives = isAlive({ pid, startTime });
    for (const one of members) {
      const before = byUrl.get(one.url);
      // Who heard of it last knows how it is; one that never asked it knows nothing.
      const { state, why, since } = before && heardAt(before) > heardAt(one) ? before : one;
      byUrl.set(one.url, {
        url: one.url,
        ...{ state, why, since },
        askedAt: Math.max(before?.askedAt ?? 0, one.askedAt ?? 0) || null,
        inFlight: (before?.inFlight ?? 0) + (lives ? one.inFlight : 0),
        requests: (before?.requests ?? 0) + one.requests,
        failures: (before?.failures ?? 0) + one.failures,
      });
    }
  }
  return [...byUrl.values()];
}

/** When a process heard of a server last: it asked it, or it was looked whether it is back; ms since 1970. */
const heardAt = ({ askedAt, since }: MemberFigures): number => Math.max(askedAt ?? 0, since ?? 0);

function forgetOld(folder: string): void {
  for (const name of namesIn(folder)) {
    const file = path.join(folder, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > DAY_MS) rmSync(file, { force: true });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
