import { programVersion } from '../../datasets/program-version.ts';
import type { KbClient } from '../../kb/protocol.ts';
import { allModels, listAdapters, listEndpoints } from '../../models/store.ts';
import { toRagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { isServed } from '../../serving/resolve.ts';
import { parseLlm } from '../../serving/servers.ts';
import type { CompareRequest } from '../compare.ts';
import { findPrompt, type TemplateText } from '../prompts.ts';
import { NO_KB } from '../types.ts';
import { diffAnswers } from './diff-answers.ts';
import type { ComparedColumn, KbState, KeptComparison } from './types.ts';

/** Asks the same again: the same columns, order, passage and references. Pure. */
export function requestOf(kept: KeptComparison): CompareRequest {
  return {
    question: kept.question,
    kb: kept.kb,
    columns: kept.columns.map(({ column }) => column),
    order: kept.order.mode,
    references: kept.references,
    source: kept.source,
    ...(kept.passage === null ? {} : { passage: kept.passage }),
  };
}

/** What a comparison would meet now. */
export interface Present {
  readonly programVersion: string;
  /** Null when the knowledge base is gone. */
  readonly kbState: KbState | null;
  /** LLMs and prompts of its columns that are no longer there. */
  readonly missingLlms: readonly string[];
  readonly missingPrompts: readonly string[];
}

/** One thing that is no longer as it was. */
export interface Change {
  readonly what: 'program' | 'kb' | 'embedder' | 'llm' | 'prompt';
  readonly text: string;
  /** Columns that cannot answer as before; empty when all still can. */
  readonly breaks: readonly string[];
}

/** Looks up what `changesSince` needs. */
export async function presentFor(
  deps: {
    readonly kb: Pick<KbClient, 'call'>;
    readonly paths: WorkspacePaths;
    readonly prompts?: Readonly<Record<string, TemplateText>>;
  },
  kept: KeptComparison,
): Promise<Present> {
  const columns = kept.columns.map(({ column }) => column).filter(({ llm }) => llm !== 'none');
  const known = new Set([
    ...listEndpoints(deps.paths).map(({ name }) => name),
    ...allModels(deps.paths).map(({ id }) => id),
    ...listAdapters(deps.paths).map(({ name }) => name),
  ]);
  const isThere = (llm: string): boolean => {
    if (known.has(llm) || isServed(deps.paths, llm)) return true;
    const { name, engine } = parseLlm(llm);
    return engine === 'llama' && known.has(name);
  };
  const hasPrompt = (prompt: string): boolean => {
    try {
      findPrompt(deps.paths, prompt, deps.prompts);
      return true;
    } catch {
      return false;
    }
  };
  return {
    programVersion: programVersion(),
    kbState: kept.kb === NO_KB ? null : await kbStateOf(deps.kb, kept.kb),
    missingLlms: [...new Set(columns.map(({ llm }) => llm))].filter((llm) => !isThere(llm)),
    missingPrompts: [...new Set(columns.map(({ prompt }) => prompt))].filter((prompt) => !hasPrompt(prompt)),
  };
}

/** What is not as it was when the comparison was made. Pure. */
export function changesSince(kept: KeptComparison, now: Present): Change[] {
  const using = (wanted: (column: ComparedColumn) => boolean): string[] =>
    kept.columns.filter(wanted).map(({ column }) => column.name);
  const searches = ({ column }: ComparedColumn): boolean => column.context === 'retrieved';
  return [
    ...now.missingLlms.map(
      (llm): Change => ({
        what: 'llm',
        text: `The LLM ${llm} is no longer there.`,
        breaks: using(({ column }) => column.llm === llm),
      }),
    ),
    ...now.missingPrompts.map(
      (prompt): Change => ({
        what: 'prompt',
        text: `The prompt ${prompt} is no longer there.`,
        breaks: using(({ column }) => column.prompt === prompt && column.llm !== 'none'),
      }),
    ),
    ...kbChanges(kept, now.kbState, using(searches)),
    ...(kept.programVersion === now.programVersion
      ? []
      : [
          {
            what: 'program',
            text: `It was made with ragtui ${kept.programVersion}; this is ${now.programVersion}.`,
            breaks: [],
          } as const,
        ]),
  ];
}

async function kbStateOf(kb: Pick<KbClient, 'call'>, name: string): Promise<KbState | null> {
  try {
    return await kb.call('kb.state', { kb: name });
  } catch (error) {
    if (toRagtuiError(error).code === 'not-found') return null;
    throw error;
  }
}

function kbChanges(kept: KeptComparison, now: KbState | null, searching: readonly string[]): Change[] {
  if (searching.length === 0) return [];
  if (!now) return [{ what: 'kb', text: `The knowledge base ${kept.kb} is no longer there.`, breaks: searching }];
  const then = kept.kbState;
  const changes: Change[] = [];
  if (then && then.revision !== now.revision) {
    const count = then.documents === now.documents ? '' : ` (${then.documents} documents then, ${now.documents} now)`;
    changes.push({ what: 'kb', text: `The knowledge base ${kept.kb} was changed since${count}.`, breaks: [] });
  }
  return [...changes, ...embedderChanges(kept, now)];
}

function embedderChanges(kept: KeptComparison, now: KbState): Change[] {
  const then = kept.kbState;
  const [active = null] = Object.keys(now.embedders);
  const changes = new Map<string, { text: string; columns: string[]; breaks: boolean }>();
  const tell = (name: string, text: string, breaks: boolean) => {
    const known = changes.get(text) ?? { text, columns: [], breaks };
    known.columns.push(name);
    changes.set(text, known);
  };
  for (const { column, answer } of kept.columns) {
    if (column.context !== 'retrieved' || column.mode === 'bm25') continue;
    const used = answer?.models.embedder ?? column.embedder ?? Object.keys(then?.embedders ?? {})[0];
    if (used === undefined) continue;
    if (column.embedder === undefined && active !== null && used !== active) {
      tell(column.name, `${kept.kb} is now searched with ${active}; it was ${used}.`, false);
    } else if (!Object.hasOwn(now.embedders, used)) {
      tell(column.name, `${kept.kb} has no vectors of ${used} any more.`, true);
    } else if (then?.embedders[used] && now.embedders[used] && then.embedders[used] !== now.embedders[used]) {
      tell(column.name, `The embedder ${used} is another one than it was: its vectors differ.`, false);
    }
  }
  return [...changes.values()].map(({ text, columns, breaks }) => ({
    what: 'embedder',
    text,
    breaks: breaks ? columns : [],
  }));
}

/** How a column of a comparison that was made again stands against the first time. */
export interface Repeated {
  readonly name: string;
  /** `none`: one of the two times there was no answer, or the column has no LLM. */
  readonly answer: 'same' | 'changed' | 'none';
  /** 0 to 1; null without two answers. */
  readonly similarity: number | null;
  readonly passages: 'same' | 'changed';
  readonly messages: 'same' | 'changed';
  /** Of the LLM; `unknown` where a digest is missing. */
  readonly weights: 'same' | 'changed' | 'unknown';
}

/** Column by column, by name, what came out otherwise the second time. Pure. */
export function repeatedColumns(before: KeptComparison, after: KeptComparison): Repeated[] {
  return before.columns.flatMap((first): Repeated[] => {
    const second = after.columns.find(({ column }) => column.name === first.column.name);
    if (!second) return [];
    const asks = first.column.llm !== 'none';
    const [a, b] = asks ? [first.answer, second.answer] : [null, null];
    const diff = a && b ? diffAnswers(a.answer, b.answer) : null;
    const texts = ({ answer, gathered }: ComparedColumn) => (answer ?? gathered)?.hits.map(({ text }) => text) ?? [];
    const messages = ({ answer, gathered }: ComparedColumn) => (answer ?? gathered)?.messages ?? [];
    const [then, now] = [first.server['digest'], second.server['digest']];
    return [
      {
        name: first.column.name,
        answer: a && b ? alike(a.answer, b.answer) : 'none',
        similarity: diff?.similarity ?? null,
        passages: alike(texts(first), texts(second)),
        messages: alike(messages(first), messages(second)),
        weights: then === undefined || now === undefined ? 'unknown' : alike(then, now),
      },
    ];
  });
}

const alike = (a: unknown, b: unknown): 'same' | 'changed' =>
  JSON.stringify(a) === JSON.stringify(b) ? 'same' : 'changed';
