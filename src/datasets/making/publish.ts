import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { programVersion } from '../program-version.ts';
import { publishVersion } from '../store.ts';
import type { DatasetKind, DatasetManifest, DatasetRow, Lineage } from '../types.ts';
import { VersionWriter } from '../version-writer.ts';
import { replaceLines } from '../write-lines.ts';

export type Step = Lineage['steps'][number];

/** Where rows come from that are made of a dataset: its own lineage goes on. */
export function sourceOf({ name, version, sha256, bytes, kind, lineage }: DatasetManifest): {
  source: Lineage['source'];
  earlier: Step[];
} {
  return {
    source: { name: `dataset ${name} ${version}`, sha256, bytes, format: kind },
    earlier: [...lineage.steps],
  };
}

export interface PublishRows {
  readonly as: string;
  readonly kind: DatasetKind;
  readonly source: Lineage['source'];
  readonly earlier: readonly Step[];
  readonly step: Step;
  readonly signal: AbortSignal;
}

/** Gathers rows and what is kept beside them, and makes them a version of a dataset at the end; before that there is no trace of it. */
export class RowsToPublish {
  private readonly writer: VersionWriter;
  private count = 0;

  constructor(
    private readonly paths: WorkspacePaths,
    private readonly options: PublishRows,
  ) {
    this.writer = new VersionWriter(paths);
  }

  add(row: DatasetRow): void {
    this.writer.add(row);
    this.count += 1;
  }

  get rows(): number {
    return this.count;
  }

  /**
   * Makes the version; `beside` are lines of files that belong to it (`quarantine.jsonl`). Errors: `invalid` without a
   * row, `exists` when the name is taken by another kind.
   */
  async publish(
    beside: Readonly<Record<string, readonly unknown[]>>,
    nothing: string,
  ): Promise<{ manifest: DatasetManifest; added: boolean }> {
    if (this.count === 0) throw new RagtuiError('invalid', `${this.options.as} would have no row: ${nothing}`);
    const { as, kind, source, earlier, step, signal } = this.options;
    for (const [file, lines] of Object.entries(beside)) {
      await replaceLines(path.join(this.writer.folder, file), eachOf(lines));
    }
    return publishVersion(this.paths, this.writer.finish(), {
      name: as,
      kind,
      lineage: {
        source,
        steps: [...earlier, step],
        programVersion: programVersion(),
        createdAt: new Date().toISOString(),
      },
      signal,
    });
  }

  discard(): void {
    this.writer.discard();
  }
}

/** Lines for a writer that takes a stream. */
export async function* eachOf(lines: readonly unknown[]): AsyncGenerator<unknown> {
  yield* lines;
}
