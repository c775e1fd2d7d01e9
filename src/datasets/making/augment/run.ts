import { RagtuiError } from '../../../platform/errors.ts';
import { throwIfAborted } from '../../../platform/files.ts';
import { PassagePool } from '../../negatives/pool.ts';
import { NumpyRng } from '../../numpy-rng.ts';
import { type AnyDataset, openDataset } from '../../open.ts';
import type { QaRow, SftRow } from '../../types.ts';
import { PhaseProgress } from '../progress.ts';
import { RowsToPublish, sourceOf } from '../publish.ts';
import type { MakingContext } from '../run.ts';
import type { Made, MakingOf, Operation } from '../types.ts';
import { NO_USAGE } from '../usage.ts';
import { DAMAGES } from './operations.ts';
import { answersNothing, type Damageable, damageable } from './rows.ts';

type Work = MakingOf<'augment'>;

/** One damaged row in `augmentation.jsonl` beside the rows. */
interface Done {
  /** Its number in the new dataset. */
  readonly row: number;
  /** Number of the row it was made of, in the dataset it was made of. */
  readonly of: number;
  readonly operations: readonly { readonly name: Operation; readonly detail: string }[];
}

const AUGMENTATION_FILE = 'augmentation.jsonl';
/** Of the damaged rows, how many get a second operation. */
const TWICE = 0.3;
const PASSAGE_TRIES = 20;

/** The body of a `make-data` job that damages inputs. */
export async function makeAugmented({ paths, report, signal }: MakingContext, work: Work): Promise<Made> {
  const dataset = openDataset(paths, work.dataset, { version: work.version });
  if (dataset.kind !== 'qa' && dataset.kind !== 'sft') {
    throw new RagtuiError('unsupported', `Rows of kind ${dataset.kind} have no prompt to damage.`, 'Take qa or sft.');
  }
  const part = work.part === 'all' ? undefined : work.part;
  const progress = new PhaseProgress(report);
  const numbers = dataset.rowNumbers(part);
  const { share, mode, operations, seed, refusal } = work;
  const chosen = new Set(
    new NumpyRng(seed).permutation(numbers.length).slice(0, Math.max(1, Math.round(share * numbers.length))),
  );
  const step = {
    name: 'augment',
    parameters: { part: work.part, share, mode, operations: operations.join(' '), refusal },
    seed,
  };
  const out = new RowsToPublish(paths, {
    as: work.as,
    kind: dataset.kind,
    ...sourceOf(dataset.manifest),
    step,
    signal,
  });
  try {
    const pool = await passagesOf(dataset, part);
    progress.begin('damaging', numbers.length, 'rows');
    const done: Done[] = [];
    let at = 0;
    let untouched = 0;
    for await (const row of dataset.rows(part)) {
      const number = numbers[at] ?? 0;
      const damaged = chosen.has(at) ? damageRow(row, { work, number, pool }) : undefined;
      if (chosen.has(at) && !damaged) untouched += 1;
      if (mode === 'copy' || !damaged) out.add(row);
      if (damaged) {
        done.push({ row: out.rows, of: number, operations: damaged.operations });
        out.add(damaged.row);
      }
      at += 1;
      if (at % 500 === 0) {
        progress.advance(at, numbers.length, { damaged: done.length });
        throwIfAborted(signal);
      }
    }
    const { manifest, added } = await out.publish({ [AUGMENTATION_FILE]: done }, 'the part is empty.');
    const { name, version, kind, rows } = manifest;
    return {
      dataset: name,
      version,
      kind,
      rows,
      added,
      counts: { damaged: done.length, ...countsOf(done) },
      notes: [
        ...(untouched > 0 ? [`${untouched} of the chosen rows had nothing that these operations could damage.`] : []),
        // Distractors are passages of other rows: a later split would put them on both sides.
        ...(work.part === 'all'
          ? [
              'Made of all rows. To train on it, split first and damage the part train: copies hold passages of other rows.',
            ]
          : []),
      ],
      usage: NO_USAGE,
      cost: null,
    };
  } finally {
    out.discard();
  }
}

function countsOf(done: readonly Done[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of done.flatMap(({ operations }) => operations)) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

async function passagesOf(dataset: AnyDataset, part: string | undefined): Promise<PassagePool> {
  const pool = new PassagePool();
  if (dataset.kind !== 'qa' && dataset.kind !== 'sft') return pool;
  for await (const row of dataset.rows(part)) {
    const one = damageable(row);
    if (one?.asks) pool.add(one.input.context);
  }
  return pool;
}

interface DamageOptions {
  readonly work: Pick<Work, 'operations' | 'seed' | 'refusal'>;
  /** Of the row: with the seed it decides everything. */
  readonly number: number;
  readonly pool: PassagePool;
}

export interface DamagedRow {
  readonly row: QaRow | SftRow;
  readonly operations: { name: Operation; detail: string }[];
}

/**
 * A row with one or two operations applied to its input. An operation after which a kept text no longer stands in the
 * input is not applied. Undefined when none applies.
 */
export function damageRow(row: QaRow | SftRow, { work, number, pool }: DamageOptions): DamagedRow | undefined {
  const one = damageable(row);
  if (!one) return undefined;
  const rng = new NumpyRng((BigInt(work.seed) << 32n) | BigInt(number));
  const wanted = rng.upTo(999) < 1000 * TWICE ? 2 : 1;
  let { input } = one;
  let unanswerable = false;
  const operations: { name: Operation; detail: string }[] = [];
  for (const at of rng.permutation(work.operations.length)) {
    const name = work.operations[at];
    if (name === undefined || operations.length === wanted) break;
    const kept = unanswerable ? [] : one.kept;
    const damaged = DAMAGES[name](input, { rng, kept, asks: one.asks, otherPassage: others(one, pool, rng) });
    if (!damaged) continue;
    const gone = damaged.unanswerable !== true && !kept.every((text) => damaged.input.context.includes(text));
    // Passages that answer the question beside one that does not would make the refusal wrong, and the other way round.
    const spoils = (unanswerable && name === 'distractors') || (damaged.unanswerable === true && operations.length > 0);
    if (gone || spoils) continue;
    input = damaged.input;
    unanswerable ||= damaged.unanswerable === true;
    operations.push({ name, detail: damaged.detail });
  }
  if (operations.length === 0) return undefined;
  const did = operations.map(({ name, detail }) => `${name}: ${detail}`).join('; ');
  return {
    row: one.rebuild(input, { suffix: '~damaged', did, ...(unanswerable ? { refusal: work.refusal } : {}) }),
    operations,
  };
}

/** Draws passages of other rows that answer nothing of this one. */
function others(one: Damageable, pool: PassagePool, rng: NumpyRng): () => string | undefined {
  const own = pool.find(one.input.context);
  return () => {
    for (let tries = 0; tries < PASSAGE_TRIES && pool.texts.length > 1; tries += 1) {
      const at = rng.upTo(pool.texts.length - 1);
      const text = pool.textOf(at);
      if (at !== own && answersNothing(text, one.answers)) return text;
    }
    return undefined;
  };
}
