import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errnoOf, RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { writeJsonAtomic } from '../../platform/files.ts';
import { temporaryBeside } from '../temporary-file.ts';
import type { RuleNote } from './registry.ts';
import {
  type CheckSummary,
  checkSummarySchema,
  type Finding,
  findingSchema,
  type Severity,
  severitySchema,
} from './types.ts';

const FOLDER = 'findings';
const LATEST_FILE = 'latest.json';
/** More findings of one rule are counted, not listed. */
export const MOST_LISTED = 100_000;
/** Of one finding in the index: offset (8 bytes), row + 1 (4), rule (2), severity (1), kind of fix (1). */
const ENTRY_BYTES = 16;
const FLUSH_CHARS = 1 << 20;
const SEVERITIES = severitySchema.options;
const ERROR = SEVERITIES.indexOf('error');
const latestSchema = z.object({ key: z.string() });

interface Entry {
  readonly offset: number;
  /** -1: about the dataset. */
  readonly row: number;
  readonly rule: number;
  readonly severity: number;
  readonly fix: number;
}

/** Kinds of fix as the index has them. */
const NO_FIX = 0;
const SETS = 1;
const DROPS = 2;

export type RuleCount = CheckSummary['rules'][number];

/** Writes the findings of one check beside the rows; nothing of it is seen before `finish`. */
export class FindingsWriter {
  readonly counts: RuleCount[];
  private readonly places = new Map<string, number>();
  private readonly entries: Entry[] = [];
  private readonly temporary: string;
  private readonly handle: number;
  private held: string[] = [];
  private heldChars = 0;
  private bytes = 0;

  constructor(
    private readonly versionFolder: string,
    private readonly key: string,
    rules: readonly RuleNote[],
  ) {
    const folder = path.join(versionFolder, FOLDER);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.temporary = temporaryBeside(path.join(folder, 'check'));
    this.handle = openSync(this.temporary, 'wx', 0o600);
    this.counts = rules.map(({ id, version, title }) => ({
      id,
      version,
      title,
      count: 0,
      listed: 0,
      fixable: 0,
      severities: { error: 0, warning: 0, info: 0 },
    }));
    for (const [place, { id }] of this.counts.entries()) this.places.set(id, place);
  }

  add(finding: Finding): void {
    const rule = this.places.get(finding.rule) ?? -1;
    const count = this.counts[rule];
    if (!count) throw new RagtuiError('internal', `The rule ${finding.rule} is not one of this check.`, '');
    count.count++;
    count.severities[finding.severity]++;
    if (finding.fix) count.fixable++;
    if (count.listed >= MOST_LISTED) return;
    count.listed++;
    const line = `${JSON.stringify(finding)}\n`;
    this.entries.push({
      offset: this.bytes,
      row: finding.row ?? -1,
      rule,
      severity: SEVERITIES.indexOf(finding.severity),
      fix: finding.fix === null ? NO_FIX : finding.fix.kind === 'set' ? SETS : DROPS,
    });
    this.bytes += Buffer.byteLength(line);
    this.held.push(line);
    this.heldChars += line.length;
    if (this.heldChars >= FLUSH_CHARS) this.flush();
  }

  private flush(): void {
    const all = Buffer.from(this.held.join(''), 'utf8');
    for (let done = 0; done < all.length; ) done += writeSync(this.handle, all, done);
    this.held = [];
    this.heldChars = 0;
  }

  /** Puts everything in its place, the summary last: it is what makes the check known. */
  finish(summary: CheckSummary): void {
    this.flush();
    fsyncSync(this.handle);
    closeSync(this.handle);
    const files = findingFiles(this.versionFolder, this.key);
    renameSync(this.temporary, files.lines);
    writeIndex(files.index, this.entries, this.bytes);
    writeJsonAtomic(files.summary, summary);
    writeJsonAtomic(files.latest, { key: this.key });
  }

  discard(): void {
    try {
      closeSync(this.handle);
    } catch (error) {
      if (errnoOf(error) !== 'EBADF') throw toRagtuiError(error);
    }
    rmSync(this.temporary, { force: true });
  }
}

/** By row, the gravest first; what is about the dataset comes before all rows. */
function writeIndex(file: string, entries: Entry[], end: number): void {
  const sorted = entries.sort(
    (a, b) => a.row - b.row || a.severity - b.severity || a.rule - b.rule || a.offset - b.offset,
  );
  const bytes = Buffer.alloc((sorted.length + 1) * ENTRY_BYTES);
  for (const [at, { offset, row, rule, severity, fix }] of sorted.entries()) {
    const start = at * ENTRY_BYTES;
    bytes.writeDoubleLE(offset, start);
    bytes.writeUInt32LE(row + 1, start + 8);
    bytes.writeUInt16LE(rule, start + 12);
    bytes.writeUInt8(severity, start + 14);
    bytes.writeUInt8(fix, start + 15);
  }
  bytes.writeDoubleLE(end, sorted.length * ENTRY_BYTES);
  // Checked afresh, there is a summary already: it must never stand beside half an index.
  const temporary = temporaryBeside(file);
  const handle = openSync(temporary, 'wx', 0o600);
  for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(temporary, file);
}

function findingFiles(
  versionFolder: string,
  key: string,
): { lines: string; index: string; summary: string; latest: string } {
  const at = (name: string) => path.join(versionFolder, FOLDER, name);
  return { lines: at(`${key}.jsonl`), index: at(`${key}.index`), summary: at(`${key}.json`), latest: at(LATEST_FILE) };
}

export interface FindingFilter {
  readonly rules?: readonly string[];
  readonly severities?: readonly Severity[];
  readonly rows?: readonly number[];
  /** Only those with a fix; `careful`: of those that drop a row only the errors. */
  readonly fixable?: boolean | 'careful';
}

/** A finding and its place in the file, by which it can be asked for again. */
export interface PlacedFinding {
  readonly place: number;
  readonly finding: Finding;
}

/** The findings of one check, in the order of rows, read page by page: an index of 16 bytes each is held, no finding. */
export class Findings {
  private readonly index: Buffer;

  constructor(
    readonly summary: CheckSummary,
    private readonly lines: string,
    indexFile: string,
  ) {
    this.index = readFileSync(indexFile);
  }

  get length(): number {
    return Math.max(0, this.index.length / ENTRY_BYTES - 1);
  }

  /** Places of the findings that a filter lets through. */
  places(filter: FindingFilter = {}): number[] {
    const rules =
      filter.rules && new Set(this.summary.rules.flatMap(({ id }, at) => (filter.rules?.includes(id) ? [at] : [])));
    const severities = filter.severities && new Set(filter.severities.map((one) => SEVERITIES.indexOf(one)));
    const rows = filter.rows && new Set(filter.rows);
    const found: number[] = [];
    for (let place = 0; place < this.length; place++) {
      const start = place * ENTRY_BYTES;
      if (rules && !rules.has(this.index.readUInt16LE(start + 12))) continue;
      if (severities && !severities.has(this.index.readUInt8(start + 14))) continue;
      if (rows && !rows.has(this.rowAt(place))) continue;
      if (filter.fixable && !this.isFixable(start, filter.fixable)) continue;
      found.push(place);
    }
    return found;
  }

  private isFixable(start: number, which: true | 'careful'): boolean {
    const fix = this.index.readUInt8(start + 15);
    return fix === SETS || (fix === DROPS && (which === true || this.index.readUInt8(start + 14) === ERROR));
  }

  /** The row of a finding; -1: it is about the dataset. */
  rowAt(place: number): number {
    return this.index.readUInt32LE(place * ENTRY_BYTES + 8) - 1;
  }

  /** A page of what a filter lets through, and how many there are. */
  page(filter: FindingFilter, start: number, count: number): { total: number; findings: PlacedFinding[] } {
    const places = this.places(filter);
    return { total: places.length, findings: this.read(places.slice(start, start + count)) };
  }

  /** The findings at these places. Errors: `corrupt`. */
  read(places: readonly number[]): PlacedFinding[] {
    const handle = openSync(this.lines, 'r');
    try {
      return places.map((place) => ({ place, finding: this.readOne(handle, place) }));
    } finally {
      closeSync(handle);
    }
  }

  private readOne(handle: number, place: number): Finding {
    const offset = this.index.readDoubleLE(place * ENTRY_BYTES);
    // Sorted by row, so the next line of the file is another one: a line is read until its end.
    let text = '';
    for (let size = 4096; !text.includes('\n'); size *= 4) {
      const bytes = Buffer.alloc(size);
      const got = readSync(handle, bytes, 0, size, offset);
      text = bytes.toString('utf8', 0, got);
      if (got < size) break;
    }
    try {
      return findingSchema.parse(JSON.parse(text.slice(0, text.indexOf('\n'))));
    } catch {
      throw new RagtuiError('corrupt', `${this.lines} is damaged.`, 'Check the dataset again.');
    }
  }
}

/** What a check of this version found: the one of `key`, else the last one. Undefined when there is none. */
export function readFindings(versionFolder: string, key?: string): Findings | undefined {
  const known = key ?? latestKey(versionFolder);
  if (known === undefined) return undefined;
  const files = findingFiles(versionFolder, known);
  if (!existsSync(files.summary) || !existsSync(files.index) || !existsSync(files.lines)) return undefined;
  try {
    return new Findings(
      checkSummarySchema.parse(JSON.parse(readFileSync(files.summary, 'utf8'))),
      files.lines,
      files.index,
    );
  } catch (error) {
    if (errnoOf(error)) throw toRagtuiError(error);
    // Written by another version of the program, or damaged: it is made anew.
    return undefined;
  }
}

/** Makes an earlier check the last one again. */
export function markLatest(versionFolder: string, key: string): void {
  writeJsonAtomic(findingFiles(versionFolder, key).latest, { key });
}

function latestKey(versionFolder: string): string | undefined {
  try {
    return latestSchema.parse(JSON.parse(readFileSync(findingFiles(versionFolder, '').latest, 'utf8'))).key;
  } catch {
    return undefined;
  }
}
