import { connectKb } from '../../kb/client.ts';
import { languageOf } from '../../kb/language.ts';
import type { KbClient } from '../../kb/protocol.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Message } from '../../rag/types.ts';
import { openQaDataset } from '../open.ts';
import type { QaRow } from '../types.ts';
import { Asker } from './ask.ts';
import { groundAnswer } from './ground.ts';
import { Journal } from './journal.ts';
import { ordered } from './ordered.ts';
import { parseAnswer } from './parse-reply.ts';
import { PhaseProgress } from './progress.ts';
import { labelPrompt, PROMPTS_VERSION } from './prompts.ts';
import { RowsToPublish, sourceOf } from './publish.ts';
import type { MakingContext } from './run.ts';
import { askOnce, saidSchema } from './said.ts';
import { REJECTED_FILE } from './synthesize.ts';
import type { Made, MakingOf } from './types.ts';

type Work = MakingOf<'label'>;

/** Passages that a question without a context is tried with. */
const PASSAGES = 3;

interface Passage {
  readonly id: string;
  readonly text: string;
}

const isUnanswered = (row: QaRow): boolean => row.question.trim() !== '' && (row.answers[0] ?? '').trim() === '';

/** What would be asked: the prompts of questions whose context is known, and how many questions there are in all. */
export async function planLabels(
  paths: WorkspacePaths,
  work: Work,
  signal: AbortSignal,
): Promise<{ prompts: Message[][]; unanswered: number; lookedUp: number }> {
  const dataset = openQaDataset(paths, work.dataset, { version: work.version });
  const prompts: Message[][] = [];
  let lookedUp = 0;
  for await (const row of dataset.rows(work.part)) {
    throwIfAborted(signal);
    if (!isUnanswered(row)) continue;
    if (row.context.trim() === '') lookedUp += 1;
    else prompts.push(labelPrompt(languageOf(row.context).language, row.context, row.question));
  }
  const unanswered = prompts.length + lookedUp;
  if (unanswered === 0) {
    throw new RagtuiError('invalid', `Every question of ${work.dataset} (${work.part}) has an answer.`);
  }
  if (lookedUp > 0 && work.kb === null) {
    throw new RagtuiError(
      'usage',
      `${lookedUp} of ${unanswered} questions have no context to be answered from.`,
      'Name a knowledge base to look them up in: --kb NAME.',
    );
  }
  return { prompts, unanswered, lookedUp };
}

/** The body of a `make-data` job that lets a model answer questions: rows that have an answer stay as they are. */
export async function makeLabels({ paths, folder, report, signal }: MakingContext, work: Work): Promise<Made> {
  const progress = new PhaseProgress(report);
  const { unanswered } = await planLabels(paths, work, signal);
  const dataset = openQaDataset(paths, work.dataset, { version: work.version });
  const journal = Journal.open(paths, folder, work, saidSchema);
  const kb = work.kb === null ? null : await connectKb(paths, { signal });
  const { llm, seed, temperature, maxTokens, part } = work;
  const step = {
    name: 'label',
    parameters: { part, llm, kb: work.kb?.name ?? '', temperature, maxTokens, prompts: PROMPTS_VERSION },
    seed,
  };
  const out = new RowsToPublish(paths, { as: work.as, kind: 'qa', ...sourceOf(dataset.manifest), step, signal });
  const counts = { answered: 0, repaired: 0, 'not answered': 0 };
  const rejected: object[] = [];
  try {
    progress.begin(`starting ${llm}`, 0, 'questions');
    const asker = await Asker.start(paths, llm, { signal, onStatus: (text) => report.log('info', text) });
    const rows: QaRow[] = [];
    for await (const row of dataset.rows(part)) rows.push(row);
    progress.begin('asking', unanswered, 'questions');
    let done = 0;
    const answers = ordered(rows, work.concurrency, async (row) => {
      if (!isUnanswered(row)) return { row, found: undefined };
      return { row, found: await answer(row) };
    });
    for await (const { row, found } of answers) {
      if (found === undefined) {
        out.add(row);
        continue;
      }
      done += 1;
      if ('row' in found) {
        counts.answered += 1;
        if (found.repaired) counts.repaired += 1;
        out.add(found.row);
      } else {
        counts['not answered'] += 1;
        rejected.push({ id: row.id, question: row.question, ...found });
        out.add(row);
      }
      progress.advance(done, unanswered, { answered: counts.answered, tokens: asker.usage.completionTokens });
      throwIfAborted(signal);
    }
    const { manifest, added } = await out.publish({ [REJECTED_FILE]: rejected }, 'the part is empty.');
    return {
      dataset: manifest.name,
      version: manifest.version,
      kind: manifest.kind,
      rows: manifest.rows,
      added,
      counts,
      notes: journal.found > 0 ? [`${journal.found} answers were there from an earlier job.`] : [],
      usage: asker.usage,
      cost: asker.cost,
    };

    async function answer(row: QaRow) {
      let last = { why: 'no-passage', given: '' };
      for (const passage of await passagesOf(row)) {
        const messages = labelPrompt(languageOf(passage.text).language, passage.text, row.question);
        const reply = await askOnce(asker, journal, llm, messages, { temperature, seed, maxTokens }, signal);
        if ('failed' in reply) {
          last = { why: 'request-failed', given: reply.failed };
          continue;
        }
        const given = parseAnswer(reply.said.text);
        const grounded = groundAnswer(passage.text, given);
        if (grounded.kind === 'missing') {
          last = { why: given === '' ? 'no-answer' : 'not-in-context', given };
          continue;
        }
        const repaired = grounded.kind === 'repaired';
        const metadata = { ...row.metadata, labelledBy: llm, ...(repaired ? { repairedFrom: given } : {}) };
        const made = { ...row, context: passage.text, contextId: passage.id, answers: [grounded.answer], metadata };
        return { row: made, repaired };
      }
      return last;
    }
    async function passagesOf(row: QaRow): Promise<Passage[]> {
      if (row.context.trim() !== '') return [{ id: row.contextId, text: row.context }];
      return kb === null ? [] : lookUp(kb, row.question);
    }
  } finally {
    out.discard();
    journal.close();
    await kb?.close();
  }

  async function lookUp(client: Pick<KbClient, 'call'>, query: string): Promise<Passage[]> {
    const group = work.kb?.group;
    const { hits } = await client.call(
      'search',
      { kb: work.kb?.name ?? '', query, topK: PASSAGES, ...(group ? { group } : {}) },
      { signal },
    );
    return hits.map(({ document, start, end, text }) => ({ id: `${document}#${start}-${end}`, text }));
  }
}
