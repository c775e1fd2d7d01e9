import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { toMessages } from '../datasets/render.ts';
import { writeTextAtomic } from '../platform/files.ts';
import type { Message } from '../rag/types.ts';

const messageSchema = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
/** The lines our exporter writes for LLaMA-Factory. */
const alpacaSchema = z.object({
  instruction: z.string(),
  input: z.string(),
  output: z.string(),
  system: z.string(),
  history: z.array(z.tuple([z.string(), z.string()])).optional(),
});
const messagesSchema = z.object({ messages: z.array(messageSchema) });
const rankingSchema = messagesSchema.extend({ chosen: messageSchema, rejected: messageSchema });
const lineSchema = z.union([alpacaSchema, rankingSchema, messagesSchema]);
type Line = z.infer<typeof lineSchema>;

export interface RowChanges {
  /** The first so many rows are kept. */
  readonly limit?: number;
  /** In place of every row's own system text. */
  readonly system?: string;
  /** Texts lose the blanks around them, as the model's chat template takes them off when it is served. */
  readonly trim?: boolean;
}

export interface TrainingRows {
  /** What is trained on, as conversations that end with an answer (the preferred one). */
  readonly conversations: readonly (readonly Message[])[];
  /** Every system text there is, the most frequent first. */
  readonly systems: readonly string[];
}

/** Rewrites the exported rows in their file as they are trained on, and says what they are. */
export function prepareRows(file: string, changes: RowChanges): TrainingRows {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const rows = lines.slice(0, changes.limit).map((line) => changed(lineSchema.parse(JSON.parse(line)), changes));
  writeTextAtomic(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const conversations = rows.map(conversation);
  const counts = new Map<string, number>();
  for (const [first] of conversations) {
    const system = first?.role === 'system' ? first.content : '';
    counts.set(system, (counts.get(system) ?? 0) + 1);
  }
  return { conversations, systems: [...counts].sort((a, b) => b[1] - a[1]).map(([system]) => system) };
}

function changed(line: Line, { system, trim = false }: RowChanges): Line {
  const text = (content: string) => (trim ? content.trim() : content);
  const turn = ({ role, content }: Message) => ({
    role,
    content: role === 'system' ? text(system ?? content) : text(content),
  });
  if ('instruction' in line) {
    const { history } = line;
    return {
      // The engine joins them by a line end, so only the whole is trimmed.
      instruction: line.input === '' ? text(line.instruction) : trim ? line.instruction.trimStart() : line.instruction,
      input: trim ? line.input.trimEnd() : line.input,
      output: text(line.output),
      system: text(system ?? line.system),
      ...(history
        ? { history: history.map(([user, assistant]): [string, string] => [text(user), text(assistant)]) }
        : {}),
    };
  }
  const messages = line.messages.map(turn);
  if (!('chosen' in line)) return { messages };
  return { messages, chosen: turn(line.chosen), rejected: turn(line.rejected) };
}

function conversation(line: Line): Message[] {
  if ('chosen' in line) return [...line.messages, line.chosen];
  if ('messages' in line) return line.messages;
  return toMessages({ form: 'alpaca', id: '', ...line, history: line.history ?? [] }, null);
}
