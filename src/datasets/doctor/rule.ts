import type { AnyDataset } from '../open.ts';
import type { DatasetKind, DatasetRow } from '../types.ts';
import type { NearContexts } from './near-contexts.ts';
import type { RowIndex } from './row-index.ts';
import type { RowView } from './row-view.ts';
import type { Language } from './text/script.ts';
import type { Finding, Severity } from './types.ts';

/** What a sample of the rows says of them all. */
export interface Traits {
  /** Most answers stand in their context word for word; null where rows have no context. */
  readonly extractive: boolean | null;
  /** The writing of most rows. */
  readonly language: Language;
  /** Nearly all rows are in that. */
  readonly oneLanguage: boolean;
  /** In nearly all rows the question is written as its context is. */
  readonly sameLanguage: boolean;
}

export interface RuleContext {
  readonly dataset: AnyDataset;
  readonly traits: Traits;
  /** Filled as the rows go by; whole when `end` is called. */
  readonly index: RowIndex;
  /** Which contexts are nearly the same, found once; for `end`. */
  near(): NearContexts;
}

export interface Item {
  readonly number: number;
  readonly row: DatasetRow;
  readonly view: RowView;
}

/** A finding without what the rule says of itself. */
export interface Found {
  readonly row: number | null;
  readonly message: string;
  /** The rule's own unless said. */
  readonly severity?: Severity;
  readonly other?: Finding['other'];
  readonly advice?: string;
  readonly fix?: Finding['fix'];
}

/** One rule at work on one dataset. */
export interface RuleRun {
  row?(item: Item): Iterable<Found>;
  /** After the last row. */
  end?(): AsyncIterable<Found> | Iterable<Found>;
}

export interface Rule {
  readonly id: string;
  /** Goes up when the same rows would give other findings: then kept findings are no longer used. */
  readonly version: number;
  readonly title: string;
  /** What happens when nobody looks after it, in a sentence or two. */
  readonly why: string;
  /** How grave it usually is. */
  readonly severity: Severity;
  /** Only when asked for by name. */
  readonly optional?: boolean;
  readonly kinds: readonly DatasetKind[];
  start(context: RuleContext): RuleRun;
}

/** A rule that looks at one row at a time. */
export function rowRule(rule: Omit<Rule, 'start'>, row: (item: Item, context: RuleContext) => Iterable<Found>): Rule {
  return { ...rule, start: (context) => ({ row: (item) => row(item, context) }) };
}

export const ALL_KINDS: readonly DatasetKind[] = ['qa', 'sft', 'retrieval', 'preference'];
