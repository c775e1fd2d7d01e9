import type { DatasetManifest } from './types.ts';

/** One link of the chain from a file to a version: what it is, and what is known of it. */
export interface LineageLink {
  readonly what: string;
  readonly details: readonly string[];
  /** One of several files of the link before it. */
  readonly inner?: true;
}

/** Where a version comes from, in order: its files, every step with its parameters, itself with the program's version. */
export function lineageChain({ lineage, version, rows, sha256 }: DatasetManifest): LineageLink[] {
  const { source, sources = [], steps, programVersion, createdAt } = lineage;
  const hash = (digest: string): string => (digest === '' ? 'no hash' : `sha256 ${digest.slice(0, 12)}…`);
  return [
    { what: source.name, details: [source.format, hash(source.sha256)] },
    ...sources.map((one) => ({
      what: one.name,
      inner: true as const,
      details: [`${one.rows} rows`, ...(one.skipped > 0 ? [`${one.skipped} left out`] : []), hash(one.sha256)],
    })),
    ...steps.map((step) => ({
      what: step.name,
      details: [
        ...Object.entries(step.parameters).map(([name, value]) => `${name}=${String(value)}`),
        ...(step.seed === undefined ? [] : [`seed=${step.seed}`]),
      ],
    })),
    { what: version, details: [`${rows} rows`, hash(sha256), `made ${createdAt} by ragtui ${programVersion}`] },
  ];
}
