import { OPERATIONS, type Operation, USUAL_AUDIT } from '../../datasets/making/types.ts';
import type { DatasetTask } from '../../datasets/task.ts';
import type { DatasetManifest } from '../../datasets/types.ts';

export type MakingWish = Extract<DatasetTask, { op: 'prepare' }>['wish'];
export type MakingKind = MakingWish['what'];
export const METHODS = ['existing', 'random', 'bm25', 'embedder', 'mixed'] as const;
export type Method = (typeof METHODS)[number];

/** What a form of work has been given; each kind of work uses some of it. */
export interface MakingForm {
  readonly what: MakingKind;
  readonly dataset: DatasetManifest;
  readonly part: string;
  /** Null: proposed by the work. */
  readonly name: string | null;
  readonly seed: number;
  /** Negatives for each question; of `mixed` as many from each source. */
  readonly count: number;
  readonly method: Method;
  readonly ranks: readonly [number, number];
  readonly margin: string;
  readonly embedder: string | null;
  readonly kb: string | null;
  readonly audit: boolean;
  readonly prompt: string;
  readonly markers: string;
  readonly share: number;
  readonly operations: readonly Operation[];
  readonly llm: string | null;
  /** Questions that are wanted of a knowledge base. */
  readonly questions: number;
}

/** The usual values, as on the command line. */
export function usualForm(what: MakingKind, dataset: DatasetManifest, part: string): MakingForm {
  return {
    what,
    dataset,
    part,
    name: null,
    seed: 1314,
    count: 10,
    method: dataset.kind === 'retrieval' ? 'existing' : 'random',
    ranks: [2, 200],
    margin: '',
    embedder: null,
    kb: null,
    audit: true,
    prompt: 'sft',
    markers: '',
    share: 0.25,
    operations: OPERATIONS,
    llm: null,
    questions: 20,
  };
}

/** `0.05` (below the positive) or `95%` (of the positive); undefined for what is neither. Pure. */
export function typedMargin(text: string): { kind: 'absolute' | 'share'; value: number } | undefined {
  const [, digits, percent] = /^(\d+(?:\.\d+)?|\.\d+)\s*(%?)$/.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits);
  if (percent) return value > 0 && value <= 100 ? { kind: 'share', value: value / 100 } : undefined;
  return value <= 2 ? { kind: 'absolute', value } : undefined;
}

/** `2-200`; undefined for what is no window. Pure. */
export function typedRanks(text: string): readonly [number, number] | undefined {
  const [, from, to] = /^\s*(\d+)\s*[-–]\s*(\d+)\s*$/.exec(text) ?? [];
  const ranks = [Number(from), Number(to)] as const;
  return from !== undefined && ranks[0] >= 1 && ranks[0] <= ranks[1] && ranks[1] <= 900 ? ranks : undefined;
}

const LLM = { temperature: 0, maxTokens: 512, concurrency: 1 } as const;

/** What still has to be filled in; null: nothing. Pure. */
export function missingOf(form: MakingForm): 'embedder' | 'kb' | 'llm' | null {
  const { what, method, embedder, kb, llm } = form;
  if (what === 'negatives' && (method === 'embedder' || method === 'mixed') && embedder === null) return 'embedder';
  if (what === 'synthesize' && kb === null) return 'kb';
  return (what === 'synthesize' || what === 'label') && llm === null ? 'llm' : null;
}

/** The form as a task's wish; null while something is missing. Pure. */
export function wishOf(form: MakingForm): MakingWish | null {
  const { dataset, part, name, seed, kb, llm } = form;
  if (missingOf(form) !== null) return null;
  const as = name === null ? {} : { as: name };
  const from = { dataset: dataset.name, part, ...as };
  const base = kb === null ? null : { name: kb, group: null };
  switch (form.what) {
    case 'negatives':
      return {
        ...{ what: 'negatives', ...from, seed, kb: form.method === 'existing' ? null : base, instruction: null },
        sources: sourcesOf(form),
        margin: hasMargin(form) ? (typedMargin(form.margin) ?? null) : null,
        fill: form.method !== 'existing',
        audit: { ...USUAL_AUDIT, duplicates: form.audit, answers: form.audit },
        concurrency: 1,
      };
    case 'sft':
      return {
        ...{ what: 'sft', ...from, prompt: form.prompt },
        ...(form.markers === '' ? {} : { markers: form.markers }),
      };
    case 'augment':
      return { what: 'augment', ...from, seed, share: form.share, mode: 'copy', operations: [...form.operations] };
    case 'synthesize':
      return {
        ...{ what: 'synthesize', kb: kb ?? '', group: null, llm: llm ?? '', count: form.questions, ...as, seed },
        ...{ language: 'auto', perChunk: 1, chunks: null, ...LLM },
      };
    case 'label':
      return { what: 'label', ...from, llm: llm ?? '', kb: base, seed, ...LLM };
  }
}

/** Whether passages are compared by a score, of which a distance can be asked. Pure. */
export const hasMargin = ({ method }: MakingForm): boolean =>
  method === 'bm25' || method === 'embedder' || method === 'mixed';

function sourcesOf({
  method,
  count,
  ranks,
  embedder,
}: MakingForm): Extract<MakingWish, { what: 'negatives' }>['sources'] {
  const window: [number, number] = [ranks[0], ranks[1]];
  const ranked = { count, ranks: window, choose: 'sample' as const };
  const random = { from: 'random' as const, count };
  const bm25 = { from: 'bm25' as const, ...ranked };
  const close = { from: 'embedder' as const, embedder: embedder ?? '', ...ranked };
  if (method === 'existing') return [{ from: 'existing' }];
  if (method === 'random') return [random];
  if (method === 'bm25') return [bm25];
  return method === 'embedder' ? [close] : [close, bm25, random];
}
