import { type DatasetKind, type DatasetRow, isComplete } from '../types.ts';
import { viewOf } from './row-view.ts';
import { turnProblem } from './rules/turn-order.ts';
import type { Forecast } from './types.ts';

type Engine = Forecast['engine'];

/** Engines that each kind of rows is for. */
const ENGINES: Readonly<Record<DatasetKind, readonly Engine[]>> = {
  qa: ['llamafactory', 'flagembedding'],
  sft: ['llamafactory'],
  preference: ['llamafactory'],
  retrieval: ['flagembedding'],
};

/** The engines read their files with `datasets`, whose JSON reader fails on it. */
const HALF_CHARACTER = /\p{Surrogate}/u;
const INCOMPLETE = 'incomplete: the export leaves them out';
const TURNS = 'turns out of order: the engine drops them with a warning in its log';

/**
 * What the engines keep of a dataset, row by row. LLaMA-Factory 0.9.5 keeps every row that has an answer, and drops
 * conversations whose turns do not alternate (`SharegptDatasetConverter`, then `preprocess_dataset`); a cutoff
 * shortens rows but never drops one. FlagEmbedding 1.4.2 loads every row, and stops at one without negatives or
 * positives when it comes to it (`AbsEmbedderTrainDataset.__getitem__`), which our export refuses before.
 */
export class Forecaster {
  private rows = 0;
  private exported = 0;
  private kept = 0;
  private unusable = 0;
  private unreadable = 0;
  private readonly lost = new Map<string, number>();

  constructor(private readonly kind: DatasetKind) {}

  add(row: DatasetRow): void {
    this.rows++;
    const reason = this.lossOf(row);
    if (reason !== INCOMPLETE && viewOf(row).fields.some(({ text }) => HALF_CHARACTER.test(text))) this.unreadable++;
    if (reason === INCOMPLETE) this.lose(reason);
    else {
      this.exported++;
      if (reason === '') this.kept++;
      else this.lose(reason);
    }
  }

  private lossOf(row: DatasetRow): string {
    if ('question' in row) return isComplete(row) ? '' : INCOMPLETE;
    if ('query' in row) {
      if (row.neg.length === 0) this.unusable++;
      return '';
    }
    if (!('messages' in row)) return '';
    return turnProblem(row.messages, 'chosen' in row ? 'user' : 'assistant') === undefined ? '' : TURNS;
  }

  private lose(reason: string): void {
    this.lost.set(reason, (this.lost.get(reason) ?? 0) + 1);
  }

  /** For each engine; lengths where a model was named. */
  forecasts(lengths: { readonly shortened: number; readonly answersCut: number } | undefined): Forecast[] {
    return ENGINES[this.kind].map((engine) => {
      const counted = engine === 'llamafactory' || this.kind === 'retrieval' ? lengths : undefined;
      const refused = this.refusal();
      return {
        engine,
        rows: this.rows,
        exported: refused === '' ? this.exported : 0,
        kept: refused === '' ? this.kept : 0,
        lost: [...this.lost].map(([reason, rows]) => ({ reason, rows })),
        shortened: counted?.shortened ?? null,
        answersCut: counted?.answersCut ?? null,
        refused,
      };
    });
  }

  private refusal(): string {
    if (this.unreadable > 0) {
      const rows = this.unreadable.toLocaleString('en');
      return `${rows} ${this.unreadable === 1 ? 'row holds' : 'rows hold'} half a character (a lone surrogate), at which its reader gives up the whole file`;
    }
    if (this.unusable > 0) {
      const rows = this.unusable.toLocaleString('en');
      return `${rows} ${this.unusable === 1 ? 'row has' : 'rows have'} no negative, at which the engine stops`;
    }
    return this.kept === 0 && this.rows > 0 ? 'no row is left to train on' : '';
  }
}
