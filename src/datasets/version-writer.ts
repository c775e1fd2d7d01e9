import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { syncPath } from '../models/files.ts';
import { crashPoint } from '../platform/crash-point.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { isAlive, processIdentity } from '../platform/processes.ts';
import { OFFSET_BYTES, OFFSETS_FILE, ROWS_FILE } from './layout.ts';
import { TextSet } from './text-set.ts';
import { type DatasetRow, isComplete } from './types.ts';

const BUFFER_BYTES = 1 << 20;
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
    const line = Buffer.from(`${JSON.stringify(row)}\n`, 'utf8');
    this.offsetsFile.write(offsetBytes(this.bytes));
    this.rowsFile.write(line);
    this.hash.update(line);
    this.bytes += line.length;
    this.rows++;
    this.count(row);
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

/** A file that is only appended to, with few system calls. */
class Appender {
  private readonly handle: number;
  private held: Buffer[] = [];
  private heldBytes = 0;
  private open = true;

  constructor(file: string) {
    this.handle = openSync(file, 'wx', 0o600);
  }

  write(bytes: Buffer): void {
    this.held.push(bytes);
    this.heldBytes += bytes.length;
    if (this.heldBytes >= BUFFER_BYTES) this.flush();
  }

  private flush(): void {
    const all = Buffer.concat(this.held);
    for (let done = 0; done < all.length; ) done += writeSync(this.handle, all, done);
    this.held = [];
    this.heldBytes = 0;
  }

  close(): void {
    this.flush();
    fsyncSync(this.handle);
    this.abandon();
  }

  abandon(): void {
    if (this.open) closeSync(this.handle);
    this.open = false;
  }
}
