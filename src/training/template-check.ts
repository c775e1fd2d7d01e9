import type { Message } from '../rag/types.ts';
import type { TrainingExample } from './readers/training-example.ts';
import type { ServingChat } from './serving-chat.ts';

/** What a row's tokens in training are against those that are sent when it is served. */
export interface TemplateCheck {
  readonly verdict: 'same' | 'different';
  /** Who would serve it. */
  readonly side: ServingChat['name'];
  /** Tokens before the answer, and of it, in training. */
  readonly promptTokens: number;
  readonly targetTokens: number;
  /** The row was longer than the cut-off; its beginning was compared. */
  readonly cut: boolean;
  readonly difference?: TemplateDifference;
}

export interface TemplateDifference {
  readonly part: 'prompt' | 'answer';
  /** Place of the first token that differs, counted from the start of the row. */
  readonly at: number;
  readonly trained: readonly number[];
  readonly served: readonly number[];
}

export interface CheckOptions {
  /** Tokens after which the engine cuts a row. */
  readonly cutoff: number;
  /** Rows are put together to fill the cut-off: the one that is looked for is somewhere in what is printed. */
  readonly packed?: boolean;
}

/**
 * Compares the row an engine printed with what a server sends for the same conversation, token by token: the prompt must
 * be what stands before the learnt part, and the learnt part must be the answer and its end. `rows` are conversations
 * that it may be (they end with an answer); the one that agrees counts, else the one that agrees longest. Pure.
 */
export function checkTemplate(
  example: TrainingExample,
  rows: readonly (readonly Message[])[],
  side: ServingChat,
  options: CheckOptions,
): TemplateCheck | undefined {
  const checks = likely(example, rows).map((row) => checkRow(example, row, side, options));
  return (
    checks.find(({ verdict }) => verdict === 'same') ??
    checks.sort((a, b) => (b.difference?.at ?? 0) - (a.difference?.at ?? 0))[0]
  );
}

const MOST_ROWS = 20;
const MARK = 60;

/** Rows whose last question and answer stand in the printed text; when none does, the first ones. */
function likely(example: TrainingExample, rows: readonly (readonly Message[])[]): (readonly Message[])[] {
  const stands = (text: string) => example.text.includes(text.trim().slice(0, MARK));
  const whole = rows.filter((row) => row.every(({ role, content }) => role === 'system' || stands(content)));
  const asked = whole.length > 0 ? whole : rows.filter((row) => stands(row.at(-2)?.content ?? ''));
  return (asked.length > 0 ? asked : rows).slice(0, MOST_ROWS);
}

function checkRow(
  { ids, labels }: TrainingExample,
  row: readonly Message[],
  side: ServingChat,
  { cutoff, packed = false }: CheckOptions,
): TemplateCheck {
  const prompt = side.prompt(row.slice(0, -1)).ids;
  const whole = side.whole(row).ids;
  const cut = ids.length >= cutoff;
  if (packed) return checkPacked(ids, whole, side);
  const starts = learntFrom(labels);
  const start = starts.at(-1) ?? ids.length;
  const about = { side: side.name, promptTokens: start, targetTokens: ids.length - start, cut };
  // A prompt that differs is shown with the answer that would follow.
  const shown = startsWith(whole, prompt) ? whole : prompt;
  const different = (part: TemplateDifference['part'], at: number, served = shown): TemplateCheck => ({
    ...about,
    verdict: 'different',
    difference: { part, at, trained: ids, served },
  });
  if (cut) {
    const at = firstDifference(ids, prompt);
    const compared = Math.min(starts[0] ?? ids.length, prompt.length);
    return at >= compared ? { ...about, verdict: 'same' } : different('prompt', at);
  }
  // With the whole prompt learnt too there is no place where the answer begins.
  if (start > 0) {
    const at = firstDifference(ids.slice(0, start), prompt);
    if (at < Math.max(start, prompt.length)) return different('prompt', at);
  }
  const answer = [...side.plain(row.at(-1)?.content ?? '')];
  const served = startsWith(whole, prompt) ? whole.slice(prompt.length) : undefined;
  const trained = start > 0 ? ids.slice(start) : ids.slice(prompt.length);
  if (sameTarget(trained, served, answer, side)) return { ...about, verdict: 'same' };
  const expected = [...prompt, ...(served ?? answer)];
  return different('answer', firstDifference(ids, expected), expected);
}

/** What is put together begins and ends anywhere; the row itself must stand in it whole. */
function checkPacked(ids: readonly number[], whole: readonly number[], side: ServingChat): TemplateCheck {
  const about = { side: side.name, promptTokens: whole.length, targetTokens: 0, cut: true };
  for (let from = 0; from + whole.length <= ids.length; from += 1) {
    if (startsWith(ids.slice(from, from + whole.length), whole)) return { ...about, verdict: 'same' };
  }
  const at = firstDifference(ids, whole);
  return { ...about, verdict: 'different', difference: { part: 'prompt', at, trained: ids, served: whole } };
}

/**
 * Whether the same answer is learnt: as the model's template writes it, give or take blanks after its end token, and an
 * end token that the template leaves out. A second end token is another text, which the model would learn to write.
 */
function sameTarget(
  trained: readonly number[],
  served: readonly number[] | undefined,
  answer: readonly number[],
  side: ServingChat,
): boolean {
  const { stops } = side;
  const blank = (ids: readonly number[]) => side.decode(ids).trim() === '';
  const more = (long: readonly number[], short: readonly number[]) => {
    if (!startsWith(long, short)) return false;
    const rest = long.slice(short.length);
    if (rest.length === 0) return true;
    const ended = short.some((id) => stops.has(id));
    return ended ? blank(rest) : rest.length === 1 && stops.has(rest[0] ?? -1);
  };
  if (served) return more(trained, served) || more(served, trained);
  const end = trained[answer.length];
  return startsWith(trained, answer) && end !== undefined && stops.has(end) && blank(trained.slice(answer.length + 1));
}

/** Where learnt parts begin. */
const learntFrom = (labels: readonly number[]): number[] =>
  labels.flatMap((label, at) => (label !== -100 && (at === 0 || labels[at - 1] === -100) ? [at] : []));

const startsWith = (ids: readonly number[], start: readonly number[]): boolean =>
  start.length <= ids.length && start.every((id, at) => ids[at] === id);

/** The first place where they differ; the length of the shorter one where it is the beginning of the other. */
function firstDifference(a: readonly number[], b: readonly number[]): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at += 1) if (a[at] !== b[at]) return at;
  return shorter;
}
