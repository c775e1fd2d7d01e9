import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { crashPoint } from '../platform/crash-point.ts';
import { syncPath } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { isAlive, processIdentity } from '../platform/processes.ts';
import { OFFSET_BYTES, OFFSETS_FILE, ROWS_FILE } from './layout.ts';
import { TextSet } from './text-set.ts';
import { type DatasetRow, isComplete } from './types.ts';

const HELD_CHARS = 1 << 20;
const OFFSETS_HELD = 1 << 13;
const STAGED = '.staged-';

export interface WrittenRows {
  /** Where it lies until it gets its place. */
  readonly folder: string;
  readonly rows: number;
  readonly questions: number;
  readonly contexts: number;
  readonly incomplete: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes rows and their offsets into a folder of its own, in bounded memory but for 16 bytes for each context. */
export class VersionWriter {
  readonly folder: string;
  private readonly rowsFile: Appender;
  private readonly offsetsFile: Appender;
  private readonly hash = createHash('sha256');
  private readonly contexts = new TextSet();
  private readonly offsets = Buffer.alloc(OFFSETS_HELD * OFFSET_BYTES);
  private held: string[] = [];
  private heldChars = 0;
  private rows = 0;
  private bytes = 0;
  private incomplete = 0;

  constructor(paths: WorkspacePaths) {
    const identity = processIdentity(process.pid);
    const unique = randomBytes(4).toString('hex');
    this.folder = path.join(paths.datasets, `${STAGED}${process.pid}-${identity?.startTime ?? ''}-${unique}`);
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.rowsFile = new Appender(path.join(this.folder, ROWS_FILE));
    this.offsetsFile = new Appender(path.join(this.folder, OFFSETS_FILE));
  }

  add(row: DatasetRow): void {
    const line = `${JSON.stringify(row)}\n`;
    this.offsets.writeBigUInt64LE(BigInt(this.bytes), (this.rows % OFFSETS_HELD) * OFFSET_BYTES);
    this.bytes += Buffer.byteLength(line);
    this.rows++;
    if (this.rows % OFFSETS_HELD === 0) this.offsetsFile.write(this.offsets);
    this.held.push(line);
    this.heldChars += line.length;
    if (this.heldChars >= HELD_CHARS) this.flush();
    this.count(row);
  }

  private flush(): void {
    const bytes = Buffer.from(this.held.join(''), 'utf8');
    this.hash.update(bytes);
    this.rowsFile.write(bytes);
    this.held = [];
    this.heldChars = 0;
  }

  private count(row: DatasetRow): void {
    if ('question' in row) {
      if (row.context.trim() !== '') this.contexts.add(row.context);
      if (!isComplete(row)) this.incomplete++;
    } else if ('query' in row) {
      for (const text of row.pos) this.contexts.add(text);
    }
  }

  /** Everything is on the disk when this returns. */
  finish(): WrittenRows {
    this.flush();
    this.offsetsFile.write(this.offsets.subarray(0, (this.rows % OFFSETS_HELD) * OFFSET_BYTES));
    this.offsetsFile.write(offsetBytes(this.bytes));
    this.rowsFile.close();
    this.offsetsFile.close();
    syncPath(this.folder);
    crashPoint('after_fsync');
    const { folder, rows, incomplete, bytes } = this;
    return {
      folder,
      rows,
      questions: rows,
      contexts: this.contexts.size,
      incomplete,
      bytes,
      sha256: this.hash.digest('hex'),
    };
  }

  /** Removes what was written; harmless after `finish` when the folder has got its place. */
  discard(): void {
    this.rowsFile.abandon();
    this.offsetsFile.abandon();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Removes what imports left behind that were killed. */
export function removeDeadStages(paths: WorkspacePaths): void {
  for (const name of readdirSync(paths.datasets)) {
    const found = name.startsWith(STAGED) ? /^(\d+)-(\d*)-/.exec(name.slice(STAGED.length)) : null;
    if (!found || isAlive({ pid: Number(found[1]), startTime: found[2] ?? '' })) continue;
    rmSync(path.join(paths.datasets, name), { recursive: true, force: true });
  }
}

/** Half of a sha256 of the text as it is: texts are the same when these are. */
export function textKey(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 22);
}

function offsetBytes(offset: number): Buffer {
  const bytes = Buffer.alloc(OFFSET_BYTES);
  bytes.writeBigUInt64LE(BigInt(offset));
  return bytes;
}

/** A file that is only appended to. */
class Appender {
  private readonly handle: number;
  private open = true;

  constructor(file: string) {
    this.handle = openSync(file, 'wx', 0o600);
  }

  write(bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.handle, bytes, done);
  }

  close(): void {
    fsyncSync(this.handle);
    this.abandon();
  }

  abandon(): void {
    if (this.open) closeSync(this.handle);
    this.open = false;
  }
}
