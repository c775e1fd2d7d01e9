import { questionOf } from '../src/datasets/row-question.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { CompareAccess } from './compare.ts';
import type { DatasetsPort, RowSummary } from './datasets.ts';
import type { Schedule } from './dependencies.ts';

/** The part of a dataset that questions are taken from. */
export interface QuestionRows {
  readonly dataset: string;
  readonly version: string;
  readonly part: string;
  readonly total: number;
  readonly list: readonly RowSummary[];
  readonly loading: boolean;
  /** Place in the list of the question on screen; -1 = none yet. */
  readonly at: number;
}

/** What is known of the question before it is asked. */
export interface QuestionSlice {
  /** Answers known to be right; empty when none is known. */
  readonly references: readonly string[];
  /** What columns with `context=gold` read. */
  readonly passage: string;
  /** `dataset NAME vVERSION row 12`; '' = typed. */
  readonly source: string;
  /** The question that reference, passage and source belong to; '' = the next one that is asked. */
  readonly about: string;
  readonly rows: QuestionRows | null;
  readonly rowsError: RagtuiError | null;
  setReference(text: string): void;
  setPassage(text: string): void;
  /** Lists a part of a dataset. Never rejects. */
  openRows(part: {
    readonly dataset: string;
    readonly version: string;
    readonly part: string;
    readonly total: number;
  }): Promise<void>;
  /** Takes the question at a place of the list; gives its text. Errors: those of the dataset. */
  take(at: number): Promise<string>;
  /** What is known of a question that is asked now; what belongs to another one is forgotten. */
  bindQuestion(question: string): Pick<QuestionSlice, 'references' | 'passage' | 'source'>;
}

export interface QuestionDependencies {
  readonly datasets: Pick<DatasetsPort, 'summaries' | 'row'>;
  readonly schedule: Schedule;
}

export function createQuestionSlice(
  { get, set }: CompareAccess,
  { datasets, schedule }: QuestionDependencies,
): QuestionSlice {
  let reading: AbortController | undefined;
  return {
    references: [],
    passage: '',
    source: '',
    about: '',
    rows: null,
    rowsError: null,
    setReference: (text) => {
      const trimmed = text.trim();
      set({ references: trimmed === '' ? [] : [trimmed], about: '' });
    },
    setPassage: (passage) => set({ passage: passage.trim() }),
    openRows: async (part) => {
      reading?.abort();
      const mine = new AbortController();
      reading = mine;
      const found: RowSummary[] = [];
      const publish = (loading: boolean): void => {
        const { rows } = get();
        if (!mine.signal.aborted && rows) set({ rows: { ...rows, list: [...found], loading } });
      };
      const publishSoon = (): void => publish(true);
      set({ rowsError: null, rows: { ...part, list: [], loading: true, at: -1 } });
      try {
        await datasets.summaries(
          { name: part.dataset, version: part.version, part: part.part },
          {
            signal: mine.signal,
            onRows: (rows) => {
              found.push(...rows);
              schedule(publishSoon);
            },
          },
        );
        publish(false);
      } catch (error) {
        if (mine.signal.aborted) return;
        set({ rowsError: toRagtuiError(error) });
        publish(false);
      }
    },
    take: async (at) => {
      const { rows } = get();
      const summary = rows?.list[at];
      if (!rows || !summary) return '';
      const { question, references, passage } = questionOf(
        await datasets.row(rows.dataset, rows.version, summary.number),
      );
      const source = `dataset ${rows.dataset} ${rows.version} row ${summary.number}`;
      set({ references, passage, source, about: question, rows: { ...rows, list: get().rows?.list ?? rows.list, at } });
      return question;
    },
    bindQuestion: (question) => {
      const { about, source } = get();
      if (about !== '' && about !== question) {
        set({ references: [], source: '', about: '', ...(source === '' ? {} : { passage: '' }) });
      }
      const known = get();
      if (known.references.length > 0) set({ about: question });
      return { references: known.references, passage: known.passage, source: known.source };
    },
  };
}
