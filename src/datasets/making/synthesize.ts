import path from 'node:path';
import { connectKb } from '../../kb/client.ts';
import { languageOf } from '../../kb/language.ts';
import type { KbClient } from '../../kb/protocol.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../../platform/files.ts';
import { SeenTexts } from '../near-duplicates.ts';
import { NumpyRng } from '../numpy-rng.ts';
import type { QaRow } from '../types.ts';
import { replaceLines } from '../write-lines.ts';
import { Asker } from './ask.ts';
import { checkPair, type Rejection } from './check-pair.ts';
import { Journal, keyOf } from './journal.ts';
import { chunksOf, type KbChunk } from './kb-chunks.ts';
import { ordered } from './ordered.ts';
import { parseQuestions, type QuestionAnswer } from './parse-reply.ts';
import { PhaseProgress } from './progress.ts';
import { PROMPTS_VERSION, type PromptLanguage, synthesisPrompt } from './prompts.ts';
import { eachOf, RowsToPublish } from './publish.ts';
import type { MakingContext } from './run.ts';
import { type AskedOnce, askOnce, saidSchema } from './said.ts';
import type { Made, MakingOf } from './types.ts';

type Work = MakingOf<'synthesize'>;

/** Chunks with less to say than this are not asked about. */
const SHORTEST_CHUNK = 80;
const SHORTEST_CHUNK_HAN = 40;
export const REJECTED_FILE = 'rejected.jsonl';
const KEPT_REPLY = 2000;

/** A line of `rejected.jsonl` beside the rows. */
interface Rejected {
  readonly document: string;
  readonly start: number;
  readonly end: number;
  readonly why: Rejection;
  readonly detail: string;
  readonly question: string;
  readonly answer: string;
  /** What the LLM said, where no question could be read in it. */
  readonly reply: string;
}

/** The chunks that are asked about, in their order, and the language of each. */
export async function planSynthesis(
  kb: Pick<KbClient, 'call'>,
  work: Pick<Work, 'kb' | 'group' | 'seed' | 'chunks' | 'language'>,
  signal: AbortSignal,
): Promise<{ chunks: { chunk: KbChunk; language: PromptLanguage }[]; short: number }> {
  const all: { chunk: KbChunk; language: PromptLanguage }[] = [];
  const texts = new Set<string>();
  let short = 0;
  for await (const chunk of chunksOf(kb, { name: work.kb, group: work.group }, { signal })) {
    const found = languageOf(chunk.text).language;
    const tooShort = chunk.text.trim().length < (found === 'zh' ? SHORTEST_CHUNK_HAN : SHORTEST_CHUNK);
    if (tooShort) short += 1;
    else if (!texts.has(chunk.text)) {
      all.push({ chunk, language: work.language === 'auto' ? found : work.language });
    }
    texts.add(chunk.text);
  }
  if (all.length === 0) {
    throw new RagtuiError(
      'invalid',
      `The knowledge base ${work.kb} has no chunk long enough to ask about.`,
      'Take a node group with longer chunks: --group.',
    );
  }
  const order = new NumpyRng(work.seed).permutation(all.length).flatMap((at) => all[at] ?? []);
  return { chunks: order.slice(0, work.chunks ?? order.length), short };
}

/** The body of a `make-data` job that lets an LLM write questions about chunks. */
export async function makeQuestions({ paths, folder, report, signal }: MakingContext, work: Work): Promise<Made> {
  const progress = new PhaseProgress(report);
  const kb = await connectKb(paths, { signal });
  const journal = Journal.open(paths, folder, { ...work }, saidSchema);
  const onStatus = (text: string) => report.log('info', text);
  const step = {
    name: 'synthesize',
    parameters: {
      kb: work.kb,
      group: work.group ?? '',
      llm: work.llm,
      language: work.language,
      perChunk: work.perChunk,
      temperature: work.temperature,
      maxTokens: work.maxTokens,
      prompts: PROMPTS_VERSION,
    },
    seed: work.seed,
  };
  try {
    progress.begin('reading chunks', 0, 'chunks');
    const { chunks } = await planSynthesis(kb, work, signal);
    const hash = keyOf(chunks.map(({ chunk }) => [chunk.document, chunk.start, chunk.text]));
    const source = { name: `knowledge base ${work.kb}`, sha256: hash, bytes: 0, format: 'kb' };
    const out = new RowsToPublish(paths, { as: work.as, kind: 'qa', source, earlier: [], step, signal });
    try {
      progress.begin(`starting ${work.llm}`, 0, 'questions');
      const asker = await Asker.start(paths, work.llm, { signal, onStatus });
      const results = new Synthesis(work);
      progress.begin('asking', work.count, 'questions');
      let asked = 0;
      const sampling = { temperature: work.temperature, seed: work.seed, maxTokens: work.maxTokens };
      const answers = ordered(chunks, work.concurrency, async ({ chunk, language }) => ({
        chunk,
        asked: await askOnce(
          asker,
          journal,
          work.llm,
          synthesisPrompt(language, chunk.text, work.perChunk),
          sampling,
          signal,
        ),
      }));
      for await (const { chunk, asked: reply } of answers) {
        asked += 1;
        for (const row of results.take(chunk, reply)) out.add(row);
        const { completionTokens, promptTokens } = asker.usage;
        progress.advance(Math.min(out.rows, work.count), work.count, {
          chunks: asked,
          rejected: results.rejected.length,
          tokens: promptTokens + completionTokens,
          ...(asker.cost ? { [asker.cost.currency]: asker.cost.amount } : {}),
        });
        throwIfAborted(signal);
        if (out.rows >= work.count) break;
      }
      if (out.rows === 0) {
        const file = path.join(folder, REJECTED_FILE);
        await replaceLines(file, eachOf(results.rejected));
        report.artifact('rejected', file);
      }
      const { manifest, added } = await out.publish(
        { [REJECTED_FILE]: results.rejected },
        `none of ${results.rejected.length} questions could be taken; see ${REJECTED_FILE} in the folder of the job. The last: ${results.last()}`,
      );
      return {
        dataset: manifest.name,
        version: manifest.version,
        kind: manifest.kind,
        rows: manifest.rows,
        added,
        counts: { 'chunks asked': asked, ...results.counts() },
        notes: [
          ...(results.rejected.length > 0
            ? [
                `What was rejected, and why, is in datasets/${manifest.slug}/${manifest.version}/${REJECTED_FILE} of the workspace.`,
              ]
            : []),
          ...(manifest.rows < work.count
            ? [`${manifest.rows} of ${work.count} questions: all ${chunks.length} chunks were asked about.`]
            : []),
          ...(journal.found > 0 ? [`${journal.found} answers were there from an earlier job.`] : []),
        ],
        usage: asker.usage,
        cost: asker.cost,
      };
    } finally {
      out.discard();
    }
  } finally {
    journal.close();
    await kb.close();
  }
}

/** Takes replies in the order of the chunks, so that the same replies give the same rows. */
export class Synthesis {
  readonly rejected: Rejected[] = [];
  private readonly seen = new SeenTexts();
  private accepted = 0;
  private repaired = 0;

  constructor(private readonly work: Pick<Work, 'llm' | 'count'>) {}

  /** The rows that a reply is worth. */
  take(chunk: KbChunk, reply: AskedOnce): QaRow[] {
    if ('failed' in reply) {
      this.reject(chunk, 'request-failed', reply.failed, { question: '', answer: '' }, '');
      return [];
    }
    const { text, finish } = reply.said;
    const pairs = parseQuestions(text);
    if (pairs.length === 0) {
      const why = finish === 'length' ? 'cut-off' : 'unreadable';
      this.reject(chunk, why, '', { question: '', answer: '' }, text.slice(0, KEPT_REPLY));
      return [];
    }
    return pairs.flatMap((pair) => {
      if (this.accepted >= this.work.count) return [];
      const checked = checkPair(pair, chunk.text, this.seen);
      if (!checked.ok) {
        this.reject(chunk, checked.why, checked.detail, pair, '');
        return [];
      }
      const { question, grounded } = checked;
      this.seen.add(question);
      this.accepted += 1;
      if (grounded.kind === 'repaired') this.repaired += 1;
      return [this.row(chunk, question, grounded, pair.answer)];
    });
  }

  private row(
    { document, start, end, title, text }: KbChunk,
    question: string,
    grounded: { kind: string; answer: string },
    given: string,
  ): QaRow {
    const contextId = `${document}#${start}-${end}`;
    return {
      id: `syn-${keyOf([contextId, question]).slice(0, 12)}`,
      contextId,
      context: text,
      question,
      answers: [grounded.answer],
      metadata: {
        document,
        start,
        end,
        ...(title === '' ? {} : { title }),
        synthesizedBy: this.work.llm,
        ...(grounded.kind === 'repaired' ? { repairedFrom: given } : {}),
      },
    };
  }

  private reject(
    { document, start, end }: KbChunk,
    why: Rejection,
    detail: string,
    { question, answer }: QuestionAnswer,
    reply: string,
  ): void {
    this.rejected.push({ document, start, end, why, detail, question, answer, reply });
  }

  counts(): Record<string, number> {
    const counts: Record<string, number> = { accepted: this.accepted, repaired: this.repaired };
    for (const { why } of this.rejected) counts[`rejected: ${why}`] = (counts[`rejected: ${why}`] ?? 0) + 1;
    return counts;
  }

  last(): string {
    const last = this.rejected.at(-1);
    return last ? `${last.why} ${last.detail || last.reply.slice(0, 100)}` : 'nothing was said';
  }
}
