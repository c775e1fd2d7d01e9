import { RagtuiError } from '../platform/errors.ts';
import { throwIfAborted } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { lastFindings } from './doctor/check.ts';
import type { FindingFilter, Findings, PlacedFinding } from './doctor/findings-file.ts';
import { refind } from './doctor/refind.ts';
import type { Fix } from './doctor/types.ts';
import { type AnyDataset, openDataset } from './open.ts';
import { programVersion } from './program-version.ts';
import { setAt, valueAt } from './row-path.ts';
import { carrySplits } from './split-carry.ts';
import { changeDataset, publishVersion, readManifest } from './store.ts';
import { type DatasetKind, type DatasetManifest, type DatasetRow, type RowOf, rowSchemas } from './types.ts';
import { VersionWriter } from './version-writer.ts';

const TOLD_EVERY = 1000;

export interface FixOptions {
  /** Which findings: of these rules, rows, severities. By default every correction, and the rows dropped that are errors. */
  readonly filter?: Omit<FindingFilter, 'fixable'>;
  /** These findings alone, by their place in the file. */
  readonly places?: readonly number[];
  /** Say what would change; make nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { done: number; total: number; rows: number }) => void;
}

export interface FixReport {
  /** The version that is current now; the old one after a dry run. */
  readonly manifest: DatasetManifest;
  readonly before: string;
  /** Rows with another text than before, and rows that are gone. */
  readonly changed: number;
  readonly dropped: number;
  /** Fixes made; a row that goes counts once for each rule. */
  readonly applied: number;
  /** Findings whose row had become another one: check again and they come back, if they still hold. */
  readonly left: number;
  /** The first few changes, in words. */
  readonly examples: readonly FixExample[];
}

export interface FixExample {
  readonly row: number;
  readonly rule: string;
  /** Null: the row goes. */
  readonly path: string | null;
  readonly from: string;
  readonly to: string;
}

const EXAMPLES = 20;
const EXAMPLE_CHARS = 200;

/**
 * Makes the fixes of the last check: one new version, with a step in its lineage, is current then; the old one stays
 * and `undoVersion` goes back to it. Splits come along, without the rows that are gone. Errors: `not-found`, `usage`
 * when the current version was never checked, `invalid` when there is nothing to fix or no row would be left.
 */
export async function applyFixes(paths: WorkspacePaths, name: string, options: FixOptions = {}): Promise<FixReport> {
  const dataset = openDataset(paths, name);
  const findings = lastFindings(paths, name);
  const checkIt = `Check it first: ragtui dataset check ${dataset.manifest.name}`;
  if (!findings)
    throw new RagtuiError('usage', `"${dataset.manifest.name}" ${dataset.manifest.version} was not checked.`, checkIt);
  const plan = planOf(findings, options);
  if (plan.size === 0) throw new RagtuiError('invalid', 'No finding of these can be fixed automatically.', checkIt);
  const writer = new VersionWriter(paths);
  try {
    const made = await rewrite(dataset, findings, plan, options, (row) => writer.add(row));
    const { numbers, rules, ...report } = made;
    const before = dataset.manifest.version;
    if (options.dryRun) return { manifest: dataset.manifest, before, ...report };
    if (report.applied === 0) throw new RagtuiError('invalid', 'The rows have changed: no fix fits any more.', checkIt);
    const written = writer.finish();
    if (written.rows === 0) throw new RagtuiError('invalid', 'No row would be left.', 'Fix fewer findings.');
    const { lineage, kind } = dataset.manifest;
    const parameters = {
      from: before,
      rules: [...rules].sort().join(','),
      changed: report.changed,
      dropped: report.dropped,
    };
    const { manifest } = await publishVersion(paths, written, {
      name: dataset.manifest.name,
      kind,
      lineage: {
        ...lineage,
        steps: [...lineage.steps, { name: 'fix', parameters }],
        programVersion: programVersion(),
        createdAt: new Date().toISOString(),
      },
      ...(options.signal ? { signal: options.signal } : {}),
    });
    await carrySplits(paths, dataset, manifest, numbers);
    return { manifest: readManifest(paths, name), before, ...report };
  } finally {
    writer.discard();
  }
}

/** Places of the findings by the row that they change or drop; of those of a rule that drop it, the first one. */
type Plan = ReadonlyMap<number, { readonly places: readonly number[]; readonly dropped: boolean }>;

function planOf(findings: Findings, { filter = {}, places }: FixOptions): Plan {
  const named = Object.values(filter).some((one) => one !== undefined);
  const chosen = places ?? findings.places({ ...filter, fixable: named ? true : 'careful' });
  const plan = new Map<number, { places: number[]; dropped: boolean; droppedBy: Set<string> }>();
  const entry = (row: number) => {
    const known = plan.get(row);
    if (known) return known;
    const made = { places: [], dropped: false, droppedBy: new Set<string>() };
    plan.set(row, made);
    return made;
  };
  for (const { place, finding } of inBatches(findings, chosen)) {
    const { fix, row, rule } = finding;
    if (fix?.kind === 'drop-row') {
      for (const one of fix.rows ?? (row === null ? [] : [row])) {
        const of = entry(one);
        // Where a hundred rows leak from a hundred others, each of these is in a hundred findings.
        if (!of.droppedBy.has(rule)) of.places.push(place);
        of.droppedBy.add(rule);
        of.dropped = true;
      }
    } else if (fix && row !== null) entry(row).places.push(place);
  }
  return plan;
}

function* inBatches(findings: Findings, places: readonly number[]): Generator<PlacedFinding> {
  for (let at = 0; at < places.length; at += TOLD_EVERY) yield* findings.read(places.slice(at, at + TOLD_EVERY));
}

interface Rewritten extends Omit<FixReport, 'manifest' | 'before'> {
  /** New number of every old row; -1: gone. */
  readonly numbers: Int32Array;
  readonly rules: ReadonlySet<string>;
}

async function rewrite(
  dataset: AnyDataset,
  findings: Findings,
  plan: Plan,
  { signal, onProgress, dryRun }: FixOptions,
  add: (row: DatasetRow) => void,
): Promise<Rewritten> {
  const { kind, rows: total } = dataset.manifest;
  const numbers = new Int32Array(total).fill(-1);
  const rules = new Set<string>();
  const examples: FixExample[] = [];
  const counts = { changed: 0, dropped: 0, applied: 0, left: 0 };
  let [number, next] = [0, 0];
  for await (const row of rowsOf(dataset)) {
    const planned = plan.get(number);
    const result = planned ? fixRow(dataset, kind, { number, row }, findings.read(planned.places)) : undefined;
    for (const { rule, path, from, to } of result?.made ?? []) {
      rules.add(rule);
      if (examples.length < EXAMPLES) examples.push({ row: number, rule, path, from: short(from), to: short(to) });
    }
    counts.applied += result?.made.length ?? 0;
    counts.left += result?.left ?? 0;
    if (result?.row === null) counts.dropped++;
    else {
      if (result && result.made.length > 0) counts.changed++;
      numbers[number] = next++;
      if (!dryRun) add(result?.row ?? row);
    }
    number++;
    if (number % TOLD_EVERY === 0) {
      throwIfAborted(signal);
      onProgress?.({ done: number, total, rows: next });
    }
  }
  return { ...counts, numbers, rules, examples };
}

interface Made {
  readonly rule: string;
  readonly path: string | null;
  readonly from: unknown;
  readonly to: unknown;
}

/** The fixes of one row: dropping wins; two of one text are made one after the other. `row: null`: it goes. */
function fixRow(
  dataset: AnyDataset,
  kind: DatasetKind,
  { number, row }: { number: number; row: DatasetRow },
  found: readonly PlacedFinding[],
): { row: DatasetRow | null; made: Made[]; left: number } {
  const drops = found.filter(({ finding }) => finding.fix?.kind === 'drop-row');
  if (drops.length > 0) {
    const from = JSON.stringify(row);
    return {
      row: null,
      made: drops.map(({ finding: { rule } }) => ({ rule, path: null, from, to: '' })),
      left: found.length - drops.length,
    };
  }
  let fixed = row;
  const made: Made[] = [];
  let left = 0;
  for (const { finding } of found) {
    const fix = fixThatFits(dataset, finding.rule, finding.fix, { number, row: fixed });
    const after = fix && checkedRow(kind, setAt(fixed, fix.path, fix.to));
    if (!fix || !after) {
      left++;
      continue;
    }
    made.push({ rule: finding.rule, path: fix.path, from: fix.from, to: fix.to });
    fixed = after;
  }
  return { row: fixed, made, left };
}

type SetFix = Extract<Fix, { kind: 'set' }>;

/** The fix as it was found, or, when another one has changed its text before, as its rule would make it now. */
function fixThatFits(
  dataset: AnyDataset,
  rule: string,
  fix: Fix | null,
  item: { number: number; row: DatasetRow },
): SetFix | undefined {
  if (fix?.kind !== 'set') return undefined;
  if (JSON.stringify(valueAt(item.row, fix.path)) === JSON.stringify(fix.from)) return fix;
  return refind(dataset, rule, item, fix.path);
}

function checkedRow<K extends DatasetKind>(kind: K, row: unknown): RowOf[K] | undefined {
  return rowSchemas[kind].safeParse(row).data;
}

async function* rowsOf(dataset: AnyDataset): AsyncGenerator<DatasetRow> {
  yield* dataset.rows();
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > EXAMPLE_CHARS ? `${text.slice(0, EXAMPLE_CHARS - 1)}…` : text;
}

/**
 * Makes the version current again from which the current one was made (by a fix or an edit); nothing is deleted.
 * Errors: `not-found`, `invalid` when the current version was not made from another one of this dataset.
 */
export async function undoVersion(
  paths: WorkspacePaths,
  name: string,
  signal?: AbortSignal,
): Promise<{ manifest: DatasetManifest; undone: string }> {
  const { slug, version, lineage, name: full } = readManifest(paths, name);
  const from = lineage.steps.at(-1)?.parameters['from'];
  await changeDataset(paths, slug, signal, (before) => {
    if (!before?.versions.some((one) => one.version === from)) {
      throw new RagtuiError(
        'invalid',
        `${full} ${version} was not made from another version by a fix or an edit.`,
        `See its lineage: ragtui dataset show ${full}`,
      );
    }
    return { after: { ...before, current: String(from) }, result: undefined };
  });
  return { manifest: readManifest(paths, name), undone: version };
}
