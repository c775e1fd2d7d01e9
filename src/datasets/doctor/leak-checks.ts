import type { WorkspacePaths } from '../../platform/paths.ts';
import { type AnyDataset, findPart, openDataset } from '../open.ts';
import type { DatasetRow } from '../types.ts';
import { findLeaks, type LeakRows } from './leaks.ts';
import { nearContexts } from './near-contexts.ts';
import { parseReference } from './reference.ts';
import { RowIndex } from './row-index.ts';
import { viewOf } from './row-view.ts';
import type { RuleContext } from './rule.ts';
import type { Finding, LeakCount } from './types.ts';

/** Characters, without spaces and punctuation, of a run that is not shared by chance: fifty as they are written. */
const RUN = { ideographs: 40, letters: 100 };
const TRAIN = 'train';

type Wanted = (rule: string) => boolean;
type Report = (finding: Finding) => void;

/** Leaks from `train` into the other parts of each split; of one split or part alone where that is asked. */
export async function splitLeaks(
  context: RuleContext,
  asked: string,
  wanted: Wanted,
  report: Report,
): Promise<LeakCount[]> {
  const { dataset, index } = context;
  const { manifest } = dataset;
  const only =
    asked === 'all' || manifest.splits.some(({ name }) => name === asked) ? undefined : findPart(manifest, asked);
  const rows: LeakRows = {
    index,
    row: (number) => dataset.row(number),
    rows: () => eachRow(dataset),
    placeOf: (row) => ({ row }),
  };
  const counts: LeakCount[] = [];
  for (const split of manifest.splits) {
    if (asked !== 'all' && split.name !== (only?.split ?? asked)) continue;
    if (!split.parts.some(({ name }) => name === TRAIN)) continue;
    for (const { name } of split.parts) {
      if (name === TRAIN || (only && only.part !== TRAIN && only.part !== name)) continue;
      const part = `${split.name}/${name}`;
      const from = `${split.name}/${TRAIN}`;
      const subjects = dataset.rowNumbers(part);
      const references = dataset.rowNumbers(from);
      const run = runLength(context);
      counts.push(
        await findLeaks(
          rows,
          context.near(),
          { part, from, subjects, references, drop: 'references', run },
          wanted,
          report,
        ),
      );
    }
  }
  return counts;
}

/** Rows of this dataset that leak into another one, an evaluation set: `NAME@VERSION:PART`. */
export async function crossLeaks(
  paths: WorkspacePaths,
  context: RuleContext,
  reference: string,
  split: string,
  inPart: (number: number) => boolean,
  wanted: Wanted,
  report: Report,
): Promise<LeakCount> {
  const { dataset } = context;
  const own = dataset.manifest.rows;
  const { name, version, part } = parseReference(reference);
  const other = openDataset(paths, name, version === undefined ? {} : { version });
  const numbers = other.rowNumbers(part);
  // Both under one numbering: what is the same text has then the same number in the index.
  const index = new RowIndex(own + numbers.length);
  const both = (): AsyncGenerator<DatasetRow> => rowsOfBoth(dataset, other, part);
  for await (const row of both()) index.add(viewOf(row));
  const row = (number: number): DatasetRow =>
    number < own ? dataset.row(number) : other.row(numbers[number - own] ?? 0);
  const rows: LeakRows = {
    index,
    row,
    rows: both,
    placeOf: (number) =>
      number < own ? { row: number } : { row: numbers[number - own] ?? 0, dataset: other.manifest.name },
  };
  return findLeaks(
    rows,
    nearContexts(index, row),
    {
      part: split,
      from: `${other.manifest.name}:${part}`,
      subjects: Array.from({ length: own }, (_, number) => number).filter(inPart),
      references: Array.from({ length: numbers.length }, (_, at) => own + at),
      drop: 'subjects',
      run: runLength(context),
    },
    wanted,
    report,
  );
}

const runLength = ({ traits }: RuleContext): number =>
  traits.language === 'zh' || traits.language === 'ja' ? RUN.ideographs : RUN.letters;

async function* eachRow(dataset: AnyDataset, part?: string): AsyncGenerator<DatasetRow> {
  yield* dataset.rows(part);
}

async function* rowsOfBoth(first: AnyDataset, second: AnyDataset, part: string): AsyncGenerator<DatasetRow> {
  yield* eachRow(first);
  yield* eachRow(second, part);
}
