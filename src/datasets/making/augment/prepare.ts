import { languageOf } from '../../../kb/language.ts';
import { RagtuiError } from '../../../platform/errors.ts';
import type { WorkspacePaths } from '../../../platform/paths.ts';
import { datasetSlug } from '../../layout.ts';
import { PassagePool } from '../../negatives/pool.ts';
import { openDataset } from '../../open.ts';
import type { MakingOf } from '../types.ts';
import { damageable } from './rows.ts';
import { damageRow } from './run.ts';

type Work = MakingOf<'augment'>;
export type AugmentWish = Omit<Work, 'what' | 'version' | 'as' | 'refusal'> & {
  readonly as?: string | undefined;
  /** Default: by the language of the rows. */
  readonly refusal?: string | undefined;
};

/** What is said where the context holds no answer, unless the user says it otherwise. */
export const REFUSALS = { en: 'The passage does not answer this question.', zh: '文段中没有这个问题的答案。' } as const;

export interface AugmentExample {
  readonly row: number;
  readonly did: string;
  readonly before: string;
  readonly after: string;
}

const EXAMPLES = 6;
/** Rows that are looked at for examples and for the language. */
const SAMPLE = 60;

/** The work of a job that damages inputs, and what it would do to a few rows. Errors: `not-found`, `unsupported`. */
export async function prepareAugment(
  paths: WorkspacePaths,
  wish: AugmentWish,
): Promise<{ making: Work; examples: AugmentExample[] }> {
  const dataset = openDataset(paths, wish.dataset);
  if (dataset.kind !== 'qa' && dataset.kind !== 'sft') {
    throw new RagtuiError('unsupported', `Rows of kind ${dataset.kind} have no prompt to damage.`, 'Take qa or sft.');
  }
  const numbers = dataset.rowNumbers(wish.part === 'all' ? undefined : wish.part).slice(0, SAMPLE);
  const rows = numbers.map((number) => ({ number, row: dataset.row(number) }));
  const pool = new PassagePool();
  let text = '';
  for (const { row } of rows) {
    const one = damageable(row);
    if (one?.asks) pool.add(one.input.context);
    text += one ? `${one.input.question}${one.answers[0] ?? ''}` : '';
  }
  const { name, version } = dataset.manifest;
  const as = wish.as ?? `${name}-augmented`;
  datasetSlug(as);
  const refusal = wish.refusal ?? REFUSALS[languageOf(text).language];
  const making: Work = { what: 'augment', ...wish, dataset: name, version, as, refusal };
  const examples = rows.flatMap(({ row, number }) => {
    const damaged = damageRow(row, { work: making, number, pool });
    const [before, after] = [damageable(row), damaged && damageable(damaged.row)];
    if (!damaged || !before || !after) return [];
    const did = damaged.operations.map((one) => `${one.name} (${one.detail})`).join(', ');
    return [{ row: number, did, before: shown(before.input), after: shown(after.input) }];
  });
  return { making, examples: examples.slice(0, EXAMPLES) };
}

const shown = ({ context, question }: { readonly context: string; readonly question: string }): string =>
  question === '' ? context : `${context}\n   ${question}`;
