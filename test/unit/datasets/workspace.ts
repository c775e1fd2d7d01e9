import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';

/** A workspace in a temporary folder, and files beside it. */
export class DatasetWorkspace {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-datasets-'));
  readonly paths: WorkspacePaths = workspacePaths(path.join(this.folder, 'home'), {});

  file(name: string, content: string | Uint8Array): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, content);
    return file;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** All of an async iterable. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
