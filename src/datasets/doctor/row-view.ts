import { parseSftPrompt } from '../render.ts';
import type { DatasetRow } from '../types.ts';

export type FieldRole = 'context' | 'question' | 'answer' | 'rejected' | 'system' | 'prompt' | 'passage' | 'negative';

/** One text of a row. */
export interface Field {
  /** As in the row's JSON: `answers.0`, `messages.2.content`. */
  readonly path: string;
  /** For a person: `answer 2`. */
  readonly name: string;
  readonly role: FieldRole;
  readonly text: string;
}

/** A row of any kind as the rules see it. */
export interface RowView {
  readonly id: string;
  /** Every text of it. */
  readonly fields: readonly Field[];
  /** What is asked: the question, the query, or the last turn of the user. */
  readonly question: string;
  /** What it is answered from: the context, the positives; none where a prompt has none that can be told. */
  readonly contexts: readonly string[];
  readonly contextId: string | undefined;
  /** What is trained on, best first. */
  readonly answers: readonly Field[];
}

type Named = readonly [path: string, name: string, role: FieldRole, text: string];
const field = ([path, name, role, text]: Named): Field => ({ path, name, role, text });
const numbered = (name: string, at: number, of: number): string => (of === 1 ? name : `${name} ${at + 1}`);

/** A row of any kind as the rules see it. */
export function viewOf(row: DatasetRow): RowView {
  if ('question' in row) {
    const answers = row.answers.map((text, at) =>
      field([`answers.${at}`, numbered('answer', at, row.answers.length), 'answer', text]),
    );
    const fields = [
      field(['context', 'context', 'context', row.context]),
      field(['question', 'question', 'question', row.question]),
      ...answers,
    ];
    return {
      id: row.id,
      fields,
      question: row.question,
      contexts: some(row.context),
      contextId: row.contextId,
      answers,
    };
  }
  if ('query' in row) {
    const fields = [
      field(['query', 'query', 'question', row.query]),
      ...row.pos.map((text, at) => field([`pos.${at}`, numbered('positive', at, row.pos.length), 'passage', text])),
      ...row.neg.map((text, at) => field([`neg.${at}`, numbered('negative', at, row.neg.length), 'negative', text])),
    ];
    const contexts = row.pos.filter((text) => text.trim() !== '');
    return { id: '', fields, question: row.query, contexts, contextId: undefined, answers: [] };
  }
  if ('chosen' in row) {
    const answers = [field(['chosen', 'chosen answer', 'answer', row.chosen])];
    const fields = [
      ...turns(row.messages),
      ...answers,
      field(['rejected', 'rejected answer', 'rejected', row.rejected]),
    ];
    return conversation(row.id, fields, answers);
  }
  if (row.form === 'messages') {
    const fields = turns(row.messages);
    const answers = fields.filter((one) => one.role === 'answer').slice(-1);
    return conversation(row.id, fields, answers);
  }
  const answers = [field(['output', 'output', 'answer', row.output])];
  const fields = [
    ...(row.system === undefined ? [] : [field(['system', 'system text', 'system', row.system])]),
    ...row.history.flatMap(([user, assistant], at) => [
      field([`history.${at}.0`, `earlier turn ${at + 1} (user)`, 'prompt', user]),
      field([`history.${at}.1`, `earlier turn ${at + 1} (assistant)`, 'answer', assistant]),
    ]),
    field(['instruction', 'instruction', 'prompt', row.instruction]),
    ...(row.input === '' ? [] : [field(['input', 'input', 'prompt', row.input])]),
    ...answers,
  ];
  const last = [row.instruction, row.input].filter(Boolean).join('\n');
  return conversation(row.id, fields, answers, last);
}

const some = (text: string): string[] => (text.trim() === '' ? [] : [text]);

const SPEAKER_ROLE = { system: 'system', user: 'prompt', assistant: 'answer' } as const;

function turns(messages: readonly { role: keyof typeof SPEAKER_ROLE; content: string }[]): Field[] {
  return messages.map(({ role, content }, at) =>
    field([`messages.${at}.content`, `message ${at + 1} (${role})`, SPEAKER_ROLE[role], content]),
  );
}

function conversation(id: string, fields: readonly Field[], answers: readonly Field[], asked?: string): RowView {
  const prompt = asked ?? fields.filter((one) => one.role === 'prompt').at(-1)?.text ?? '';
  const parsed = parseSftPrompt(prompt);
  return {
    id,
    fields,
    question: parsed?.question ?? prompt,
    contexts: parsed ? some(parsed.context) : [],
    contextId: undefined,
    answers,
  };
}
