import { createStore, type StoreApi } from 'zustand/vanilla';
import type { KbClient } from '../src/kb/protocol.ts';
import { createHistorySlice, type HistorySlice } from './compare-history.ts';
import { createQuestionSlice, type QuestionSlice } from './compare-question.ts';
import { type ComparePort, createRunSlice, type RunSlice } from './compare-run.ts';
import { createSlotsSlice, type SlotsSlice } from './compare-slots.ts';
import { createViewSlice, type ViewSlice } from './compare-view.ts';
import { createVotesSlice, type VotesSlice } from './compare-votes.ts';
import type { DatasetsPort } from './datasets.ts';
import type { Clock, Schedule } from './dependencies.ts';
import type { ModelChoice } from './evaluation.ts';

export type { ColumnRun, ComparePort, ComparisonRun } from './compare-run.ts';
export { defaultSettings, MOST_COLUMNS } from './compare-slots.ts';

/** Columns, the question put to them, what each says, and how it is looked at: one file for each. */
export type CompareState = SlotsSlice & QuestionSlice & RunSlice & ViewSlice & HistorySlice & VotesSlice;
export type CompareStore = StoreApi<CompareState>;

/** What a slice may do with the whole. */
export interface CompareAccess {
  readonly get: () => CompareState;
  readonly set: (change: Partial<CompareState>) => void;
}

export interface CompareDependencies {
  readonly compare: ComparePort;
  readonly models: () => readonly ModelChoice[];
  readonly datasets: Pick<DatasetsPort, 'summaries' | 'row'>;
  /** To the kb service, which keeps history, votes and column sets. */
  readonly connect: () => Promise<Pick<KbClient, 'call'>>;
  readonly schedule: Schedule;
  readonly now: Clock;
  /** A whole number to shuffle columns by; default: at random. */
  readonly seed?: () => number;
}

const MOST_SEED = 2 ** 31;

export function createCompareStore(dependencies: CompareDependencies): CompareStore {
  const { compare, models, datasets, connect, schedule, now } = dependencies;
  const { seed = () => Math.floor(Math.random() * MOST_SEED) } = dependencies;
  return createStore<CompareState>()((set, get) => {
    const access: CompareAccess = { get, set };
    return {
      ...createSlotsSlice(access, { models, served: () => compare.served(), prompts: () => compare.prompts() }),
      ...createQuestionSlice(access, { datasets, schedule }),
      ...createRunSlice(access, { compare, schedule, now }),
      ...createViewSlice(access, { seed }),
      ...createHistorySlice(access, { connect, compare }),
      ...createVotesSlice(access, { connect }),
    };
  });
}
